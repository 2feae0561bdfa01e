using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TenantIdP.Client.Sessions;

namespace TenantIdP.Client.Logout;

/// <summary>
/// Receives logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.5) before anything else of the application looks at the request: the login host has no cookie and no
/// form token. 200 when the session has ended, also when it had before; 400 when the token is not one.
/// </summary>
internal sealed class BackChannelLogout(IOptions<TenantIdPOptions> options, LogoutTokens tokens, EndedSessions ended, ILogger<BackChannelLogout> log) : IStartupFilter
{
    private const int MaxBodyBytes = 32 * 1024;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((HttpContext context, RequestDelegate go) => context.Request.Path == options.Value.BackChannelLogoutPath && HttpMethods.IsPost(context.Request.Method) ? ReceiveAsync(context) : go(context));
        next(app);
    };

    private async Task ReceiveAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var ct = context.RequestAborted;
        if (await FormValueAsync(context.Request, ct) is not { } text)
        {
            Refuse(context, "the request is not a form with one logout_token");
            return;
        }

        var (token, reason) = await tokens.ReadAsync(text);
        if (token is null)
        {
            Refuse(context, reason);
            return;
        }

        if (await ended.AddAsync(token.Id, token.Ended, ct))
            Log.LogoutReceived(log, token.Ended.SessionId ?? "of a person");
    }

    private void Refuse(HttpContext context, string reason)
    {
        Log.LogoutRefused(log, reason);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
    }

    private static async Task<string?> FormValueAsync(HttpRequest request, CancellationToken ct)
    {
        if (!request.HasFormContentType || request.ContentLength is null or > MaxBodyBytes)
            return null;

        try
        {
            return (await request.ReadFormAsync(ct))["logout_token"] is [{ Length: > 0 } text] ? text : null;
        }
        catch (Exception exception) when (exception is InvalidDataException or BadHttpRequestException)
        {
            return null;
        }
    }
}
