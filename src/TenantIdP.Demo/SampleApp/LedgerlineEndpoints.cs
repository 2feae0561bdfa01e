using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

internal static class LedgerlineEndpoints
{
    private const string MayRead = "invoices:read";
    private const string MayWrite = "invoices:write";

    public static void MapLedgerline(this WebApplication app)
    {
        app.MapGet("/", HomeAsync);
        app.MapGet("/signin", SignIn);
        app.MapGet("/invoices", InvoicesAsync);

        var forms = app.MapGroup("/").AddEndpointFilter<SameOriginFilter>();
        forms.MapPost("/refresh", RefreshAsync);
        forms.MapPost("/switch", SwitchAsync);
        forms.MapPost("/signout", SignOutAsync);
        forms.MapPost("/invoices", NewInvoiceAsync);
    }

    private static async Task<IResult> HomeAsync(
        HttpContext context, [AsParameters] HomeQuery query, TokenClient tokens, TokenValidator validator, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        if (await VisitorAsync(context, tokens, validator, ct) is not { } visitor)
            return pages.Landing(query.LoginHint, query.Organization, NoticeOf(query.Now, visitor: null));
        if (!string.IsNullOrEmpty(query.LoginHint) && !query.LoginHint.Equals(visitor.Email, StringComparison.OrdinalIgnoreCase))
            return LedgerlinePages.OtherPerson(visitor, query.LoginHint);

        return pages.Home(visitor, await organizations.MineAsync(visitor.AccessToken, ct), await organizations.WorkspacesAsync(visitor.AccessToken, ct), NoticeOf(query.Now, visitor));
    }

    // Also the address for sign-ins that start elsewhere (OpenID Connect Core 4): only our own issuer may name itself.
    private static IResult SignIn(LedgerlineOptions options, string? iss, [FromQuery(Name = "login_hint")] string? loginHint, string? organization, string? workspace)
    {
        if (iss is not null && iss.TrimEnd('/') != options.Issuer.GetLeftPart(UriPartial.Authority))
            return LedgerlinePages.SignInFailed("This application signs in at another login host.", stillIn: null);

        var properties = new OpenIdConnectChallengeProperties { RedirectUri = string.IsNullOrEmpty(organization) ? "/" : "/?now=entered" };
        if (!string.IsNullOrEmpty(loginHint))
            properties.SetParameter(OpenIdConnectParameterNames.LoginHint, loginHint);
        if (!string.IsNullOrEmpty(organization))
            properties.SetString(LedgerlineApp.OrganizationItem, organization);
        if (!string.IsNullOrEmpty(workspace))
            properties.SetString(LedgerlineApp.WorkspaceItem, workspace);
        return TypedResults.Challenge(properties, [OpenIdConnectDefaults.AuthenticationScheme]);
    }

    private static async Task<IResult> RefreshAsync(
        HttpContext context, TokenClient tokens, TokenValidator validator, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        if (await TicketAsync(context) is not { } ticket)
            return TypedResults.Redirect("/");

        var outcome = await tokens.RefreshAsync(context, ticket, organization: null, ct);
        return outcome.Status switch
        {
            RefreshStatus.Fresh => SeeOther(context, "/?now=refreshed"),
            RefreshStatus.SessionEnded => SeeOther(context, "/?now=ended"),
            RefreshStatus.InteractionRequired => SeeOther(context, "/signin"),
            RefreshStatus.AccessDenied or RefreshStatus.Failed => await RefusedAsync(outcome, validator, organizations, pages, ct),
        };
    }

    private static async Task<IResult> SwitchAsync(
        HttpContext context, TokenClient tokens, TokenValidator validator, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        if (await TicketAsync(context) is not { } ticket)
            return SeeOther(context, "/");
        if (form["workspace"] is [{ Length: > 0 } workspace])
            return await ChangeWorkspaceAsync(context, ticket, workspace, tokens, validator, organizations, pages, ct);
        if (form["organization"] is not [{ Length: > 0 } organization])
            return SeeOther(context, "/");

        var outcome = await tokens.RefreshAsync(context, ticket, organization, ct);
        return outcome.Status switch
        {
            RefreshStatus.Fresh => SeeOther(context, "/?now=switched"),
            RefreshStatus.SessionEnded => SeeOther(context, "/?now=ended"),
            RefreshStatus.InteractionRequired => await StepUpAsync(outcome, organization, validator, organizations, ct),
            RefreshStatus.AccessDenied or RefreshStatus.Failed => await RefusedAsync(outcome, validator, organizations, pages, ct),
        };
    }

    // Where the organization asks for another sign-in first, authorize with the same workspace, which names its organization.
    private static async Task<IResult> ChangeWorkspaceAsync(
        HttpContext context, AuthenticationTicket ticket, string workspace, TokenClient tokens, TokenValidator validator, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        var outcome = await tokens.RefreshIntoWorkspaceAsync(context, ticket, workspace, ct);
        return outcome.Status switch
        {
            RefreshStatus.Fresh => SeeOther(context, "/?now=moved"),
            RefreshStatus.SessionEnded => SeeOther(context, "/?now=ended"),
            RefreshStatus.InteractionRequired => SeeOther(context, $"/signin{new QueryBuilder { { "workspace", workspace } }}"),
            RefreshStatus.AccessDenied or RefreshStatus.Failed => await RefusedAsync(outcome, validator, organizations, pages, ct),
        };
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, CancellationToken ct)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(ct) : FormCollection.Empty;
        var after = form["login_hint"] is [{ Length: > 0 } hint] ? $"/{new QueryBuilder { { "login_hint", hint } }}" : "/?now=signed_out";
        return await TicketAsync(context) is null
            ? SeeOther(context, after)
            : TypedResults.SignOut(new() { RedirectUri = after }, [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]);
    }

    private static async Task<IResult> InvoicesAsync(
        HttpContext context, TokenClient tokens, TokenValidator validator, InvoiceBook invoices, LedgerlinePages pages, CancellationToken ct) =>
        await VisitorAsync(context, tokens, validator, ct) switch
        {
            null => TypedResults.Redirect("/?now=ended"),
            { OrganizationId: { } id, OrganizationSlug: { } slug } visitor when visitor.May(MayRead) => pages.Invoices(visitor, invoices.Of(id, slug)),
            { } visitor => pages.Missing(visitor, MayRead),
        };

    private static async Task<IResult> NewInvoiceAsync(
        HttpContext context, TokenClient tokens, TokenValidator validator, InvoiceBook invoices, LedgerlinePages pages, CancellationToken ct)
    {
        switch (await VisitorAsync(context, tokens, validator, ct))
        {
            case null:
                return SeeOther(context, "/?now=ended");
            case { OrganizationId: { } id, OrganizationSlug: { } slug } visitor when visitor.May(MayWrite):
                invoices.Add(id, slug, "Adventure Works");
                return SeeOther(context, "/invoices");
            case { } visitor:
                return pages.Missing(visitor, MayWrite);
        }
    }

    private static async Task<IResult> StepUpAsync(
        RefreshOutcome outcome, string organization, TokenValidator validator, OrganizationsClient organizations, CancellationToken ct)
    {
        var visitor = await SeeAsync(outcome.Ticket!, validator); // a refused switch leaves the ticket
        var mine = await organizations.MineAsync(visitor.AccessToken, ct) ?? [];
        return LedgerlinePages.StepUp(visitor, organization, mine.FirstOrDefault(one => one.Id == organization)?.DisplayName ?? organization);
    }

    private static async Task<IResult> RefusedAsync(
        RefreshOutcome outcome, TokenValidator validator, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        var visitor = await SeeAsync(outcome.Ticket!, validator); // as above
        var status = outcome.Status == RefreshStatus.AccessDenied ? StatusCodes.Status403Forbidden : StatusCodes.Status502BadGateway;
        return pages.Home(visitor, await organizations.MineAsync(visitor.AccessToken, ct), await organizations.WorkspacesAsync(visitor.AccessToken, ct), Page.Alert("danger", outcome.Sentence), status);
    }

    private static async Task<Visitor?> VisitorAsync(HttpContext context, TokenClient tokens, TokenValidator validator, CancellationToken ct)
    {
        if (await TicketAsync(context) is not { } ticket)
            return null;

        // Without an answer of the login host, the session goes on with what it has; expired tokens give no permissions.
        var current = await tokens.CurrentAsync(context, ticket, ct);
        return current.Ticket is null ? null : await SeeAsync(current.Ticket, validator);
    }

    private static async Task<Visitor> SeeAsync(AuthenticationTicket ticket, TokenValidator validator) =>
        new(ticket, await validator.AccessTokenAsync(ticket.Properties.GetTokenValue("access_token")));

    private static async Task<AuthenticationTicket?> TicketAsync(HttpContext context) =>
        (await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme)).Ticket;

    private static Html NoticeOf(string? now, Visitor? visitor) => (now, visitor) switch
    {
        ("refreshed", not null) => Page.Alert("success", "The tokens are new; organization and roles were read again."),
        ("switched", not null) => Page.Alert("success", $"You now work in {visitor.OrganizationName}. The tokens were refreshed; nobody had to sign in."),
        ("moved", { WorkspaceId: null }) => Page.Alert("success", $"You now work in all of {visitor.OrganizationName}."),
        ("moved", not null) => Page.Alert("success", $"You now work in another workspace of {visitor.OrganizationName}. The tokens were refreshed."),
        ("entered", not null) => Page.Alert("success", $"You signed in to {visitor.OrganizationName}."),
        ("ended", null) => Page.Alert("warning", "Your session has ended. Sign in again to go on."),
        ("signed_out", null) => Page.Alert("success", "You are signed out, here and at the login host."),
        _ => Html.None,
    };

    // 303: a form that was sent must not be sent again by going back.
    private static StatusCodeHttpResult SeeOther(HttpContext context, string path)
    {
        context.Response.Headers.Location = path;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }
}

internal sealed record HomeQuery(
    [property: FromQuery(Name = "login_hint")] string? LoginHint,
    string? Organization,
    string? Now);
