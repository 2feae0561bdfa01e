using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Http;

/// <summary>
/// A page's form comes from our own pages (SECURITY.md F5). Beside the antiforgery token, and before anything is read. <c>Origin: null</c> is what browsers send for our
/// own forms under <c>Referrer-Policy: no-referrer</c>; there <c>Sec-Fetch-Site</c> tells.
/// </summary>
internal sealed class FormOrigin(RequestDelegate next, IssuerOptions issuer, ILogger<FormOrigin> logger)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        // Protocol endpoints take forms of other sites by their nature (OpenID Connect Core section 3.1.2.1, SAML Bindings 3.5).
        if (Failures.IsTelling(context) || !HttpMethods.IsPost(request.Method) || !RequestKind.IsForPeople(request.Path) || RequestKind.IsOAuth(request.Path) || RequestKind.IsSamlMessage(request.Path) || IsOurs(request.Headers)) return next(context);

        Log.ForeignForm(logger, RequestTrace.Of(context));
        context.Features.Set(FailureFacts.InvalidRequest("This form was sent from another site."));
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return Task.CompletedTask;
    }

    private bool IsOurs(IHeaderDictionary headers)
    {
        string? origin = headers.Origin, site = headers["Sec-Fetch-Site"];
        if (!string.IsNullOrEmpty(site) && site is not ("same-origin" or "none")) return false;
        return string.IsNullOrEmpty(origin) || origin is "null" || origin == issuer.Issuer;
    }
}
