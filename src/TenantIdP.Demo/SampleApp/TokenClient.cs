using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Demo.SampleApp;

/// <summary>The refresh grant, with and without a switch of organization.</summary>
internal sealed class TokenClient(SessionStore sessions, TokenValidator validator, LedgerlineOptions options, IHostApplicationLifetime lifetime, TimeProvider clock)
{
    private static readonly TimeSpan EarlyBy = TimeSpan.FromSeconds(30);

    /// <summary>The session's tokens, refreshed when the access token is about to expire.</summary>
    public Task<RefreshOutcome> CurrentAsync(HttpContext context, AuthenticationTicket ticket, CancellationToken ct) =>
        IsStale(ticket) ? TakeTurnAsync(context, ticket, onlyIfStale: true, organization: null, workspace: null, ct) : Task.FromResult(new RefreshOutcome(RefreshStatus.Fresh, ticket));

    /// <summary>Refreshes now; with an organization (id or slug), the successor belongs to that one.</summary>
    public Task<RefreshOutcome> RefreshAsync(HttpContext context, AuthenticationTicket ticket, string? organization, CancellationToken ct) =>
        TakeTurnAsync(context, ticket, onlyIfStale: false, organization, workspace: null, ct);

    /// <summary>Refreshes now, into a workspace of the current organization (id, slug or <c>none</c>).</summary>
    public Task<RefreshOutcome> RefreshIntoWorkspaceAsync(HttpContext context, AuthenticationTicket ticket, string workspace, CancellationToken ct) =>
        TakeTurnAsync(context, ticket, onlyIfStale: false, organization: null, workspace, ct);

    private async Task<RefreshOutcome> TakeTurnAsync(HttpContext context, AuthenticationTicket seen, bool onlyIfStale, string? organization, string? workspace, CancellationToken ct)
    {
        if (SessionStore.KeyOf(seen) is not { } key)
            return Ended();

        using var turn = await sessions.TakeTurnAsync(key, ct);
        if (await sessions.RetrieveAsync(key) is not { } ticket)
            return Ended();
        if (onlyIfStale && !IsStale(ticket))
            return new(RefreshStatus.Fresh, ticket);

        // Not the request's token: a browser that goes away must not lose the successor of a spent refresh token.
        var outcome = await AskAsync(ticket, organization, workspace, lifetime.ApplicationStopping);
        if (outcome is { Status: RefreshStatus.Fresh, Ticket: { } renewed })
            await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, renewed.Principal, renewed.Properties);
        if (outcome.Status == RefreshStatus.SessionEnded)
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return outcome;
    }

    private async Task<RefreshOutcome> AskAsync(AuthenticationTicket ticket, string? organization, string? workspace, CancellationToken ct)
    {
        if (ticket.Properties.GetTokenValue("refresh_token") is not { } refreshToken)
            return new(RefreshStatus.Failed, ticket, "This session has no refresh token.");

        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = refreshToken,
            ["client_id"] = options.ClientId,
            ["client_secret"] = options.ClientSecret,
        };
        if (organization is not null)
            fields["organization"] = organization;
        if (workspace is not null)
            fields["workspace"] = workspace;

        try
        {
            var issuer = await validator.Oidc.ConfigurationManager!.GetConfigurationAsync(ct); // the handler always sets one
            using var content = new FormUrlEncodedContent(fields);
            using var response = await validator.Oidc.Backchannel.PostAsync(new Uri(issuer.TokenEndpoint), content, ct);
            var answer = new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(ct));
            return response.IsSuccessStatusCode ? await AcceptAsync(ticket, answer) : Refused(ticket, answer);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or InvalidOperationException or JsonException or ArgumentException)
        {
            return new(RefreshStatus.Failed, ticket, "The login host did not give an answer that can be read. Try again in a moment.");
        }
    }

    private async Task<RefreshOutcome> AcceptAsync(AuthenticationTicket ticket, OpenIdConnectMessage answer)
    {
        var identity = await validator.IdTokenAsync(answer.IdToken);
        // OpenID Connect Core 12.2: the subject of a refreshed id token is the one of the first.
        if (identity is null || identity.FindFirst("sub")?.Value != ticket.Principal.FindFirst("sub")?.Value)
            return new(RefreshStatus.Failed, ticket, "The login host answered with an id token that is not valid.");

        var properties = ticket.Properties.Clone();
        var lifetimeSeconds = int.TryParse(answer.ExpiresIn, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
        properties.StoreTokens(
        [
            new() { Name = "id_token", Value = answer.IdToken },
            new() { Name = "access_token", Value = answer.AccessToken },
            // RFC 6749 section 6: without a new one, the old one goes on.
            new() { Name = "refresh_token", Value = answer.RefreshToken ?? properties.GetTokenValue("refresh_token")! },
            new() { Name = "expires_at", Value = clock.GetUtcNow().AddSeconds(lifetimeSeconds).ToString("o", CultureInfo.InvariantCulture) },
        ]);
        return new(RefreshStatus.Fresh, new(new ClaimsPrincipal(identity), properties, ticket.AuthenticationScheme));
    }

    private static RefreshOutcome Refused(AuthenticationTicket ticket, OpenIdConnectMessage answer) => answer.Error switch
    {
        "interaction_required" or "login_required" => new(RefreshStatus.InteractionRequired, ticket, answer.ErrorDescription ?? "The organization asks for another sign-in."),
        "access_denied" => new(RefreshStatus.AccessDenied, ticket, answer.ErrorDescription ?? "You may not enter this organization."),
        "invalid_grant" => Ended(),
        _ => new(RefreshStatus.Failed, ticket, answer.ErrorDescription ?? "The login host refused the request."),
    };

    private static RefreshOutcome Ended() => new(RefreshStatus.SessionEnded, Ticket: null);

    private bool IsStale(AuthenticationTicket ticket) =>
        !DateTimeOffset.TryParse(ticket.Properties.GetTokenValue("expires_at"), CultureInfo.InvariantCulture, out var until)
        || until - clock.GetUtcNow() < EarlyBy;
}
