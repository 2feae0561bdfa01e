using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Client;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

internal static class LedgerlineEndpoints
{
    public static void MapLedgerline(this WebApplication app)
    {
        app.MapGet("/", HomeAsync);
        app.MapGet("/signin", SignIn);
        app.MapGet("/invoices", Invoices);

        var forms = app.MapGroup("/").AddEndpointFilter<SameOriginFilter>();
        forms.MapPost("/refresh", RefreshAsync);
        forms.MapPost("/switch", SwitchAsync);
        forms.MapPost("/signout", SignOutAsync);
        forms.MapPost("/invoices", NewInvoice);
    }

    private static async Task<IResult> HomeAsync(HttpContext context, [AsParameters] HomeQuery query, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        if (context.User.TenantIdP().UserId is null)
            return pages.Landing(query.LoginHint, query.Organization, NoticeOf(query.Now, visitor: null));

        var visitor = new Visitor(context.User);
        if (!string.IsNullOrEmpty(query.LoginHint) && !query.LoginHint.Equals(visitor.Email, StringComparison.OrdinalIgnoreCase))
            return LedgerlinePages.OtherPerson(visitor, query.LoginHint);

        return await OverviewAsync(context, organizations, pages, NoticeOf(query.Now, visitor), StatusCodes.Status200OK, ct);
    }

    // Also the address for sign-ins that start elsewhere (OpenID Connect Core 4): only our own issuer may name itself.
    private static IResult SignIn(LedgerlineOptions options, string? iss, [FromQuery(Name = "login_hint")] string? loginHint, string? organization) =>
        iss is not null && iss.TrimEnd('/') != options.Issuer.GetLeftPart(UriPartial.Authority)
            ? LedgerlinePages.SignInFailed("This application signs in at another login host.", stillIn: null)
            : TypedResults.Challenge(TenantIdPChallenge.For(organization, loginHint, returnUrl: string.IsNullOrEmpty(organization) ? "/" : "/?now=entered"));

    private static async Task<IResult> RefreshAsync(HttpContext context, OrganizationSwitcher switcher, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct) =>
        await switcher.RefreshAsync(context, ct) switch
        {
            SwitchResult.Switched => SeeOther(context, "/?now=refreshed"),
            SwitchResult.InteractionRequired => SeeOther(context, "/signin"),
            var other => await RefusedAsync(other, context, organizations, pages, ct),
        };

    private static async Task<IResult> SwitchAsync(HttpContext context, OrganizationSwitcher switcher, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        if (form["workspace"] is [{ Length: > 0 } workspace] && context.User.TenantIdP().OrganizationId is { } current)
        {
            return await switcher.SwitchAsync(context, current, workspace, ct) switch
            {
                SwitchResult.Switched => SeeOther(context, "/?now=moved"),
                // Where the organization asks for another sign-in first, the challenge asks for the same workspace.
                SwitchResult.InteractionRequired step => TypedResults.Challenge(step.Challenge),
                var other => await RefusedAsync(other, context, organizations, pages, ct),
            };
        }

        if (form["organization"] is not [{ Length: > 0 } organization])
            return SeeOther(context, "/");

        return await switcher.SwitchAsync(context, organization, ct) switch
        {
            SwitchResult.Switched => SeeOther(context, "/?now=switched"),
            SwitchResult.InteractionRequired => await StepUpAsync(context, organization, organizations, ct),
            var other => await RefusedAsync(other, context, organizations, pages, ct),
        };
    }

    private static async Task<IResult> RefusedAsync(SwitchResult result, HttpContext context, OrganizationsClient organizations, LedgerlinePages pages, CancellationToken ct) => result switch
    {
        SwitchResult.NotAMember refused => await OverviewAsync(context, organizations, pages, Page.Alert("danger", refused.Description), StatusCodes.Status403Forbidden, ct),
        SwitchResult.Unavailable failed => await OverviewAsync(context, organizations, pages, Page.Alert("danger", failed.Description), StatusCodes.Status502BadGateway, ct),
        _ => SeeOther(context, "/?now=ended"),
    };

    private static async Task<IResult> SignOutAsync(HttpContext context, CancellationToken ct)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(ct) : FormCollection.Empty;
        var after = form["login_hint"] is [{ Length: > 0 } hint] ? $"/{new QueryBuilder { { "login_hint", hint } }}" : "/?now=signed_out";
        if (context.User.TenantIdP().UserId is null)
            return SeeOther(context, after);

        await context.SignOutOfTenantIdPAsync(after);
        return TypedResults.Empty;
    }

    [RequirePermission("invoices:read"), RequireOrganization]
    private static IResult Invoices(HttpContext context, InvoiceBook invoices, LedgerlinePages pages)
    {
        var visitor = new Visitor(context.User);
        return pages.Invoices(visitor, invoices.Of(visitor.OrganizationId!, visitor.OrganizationSlug!)); // both are there in an organization
    }

    [RequirePermission("invoices:write"), RequireOrganization]
    private static StatusCodeHttpResult NewInvoice(HttpContext context, InvoiceBook invoices)
    {
        var user = context.User.TenantIdP();
        invoices.Add(user.OrganizationId!, user.OrganizationSlug!, "Adventure Works"); // as above
        return SeeOther(context, "/invoices");
    }

    private static async Task<IResult> StepUpAsync(HttpContext context, string organization, OrganizationsClient organizations, CancellationToken ct)
    {
        var mine = await organizations.MineAsync(await context.GetTokenAsync("access_token"), ct) ?? [];
        return LedgerlinePages.StepUp(new Visitor(context.User), organization, mine.FirstOrDefault(one => one.Id == organization)?.DisplayName ?? organization);
    }

    private static async Task<IResult> OverviewAsync(HttpContext context, OrganizationsClient organizations, LedgerlinePages pages, Html notice, int status, CancellationToken ct)
    {
        var tokens = new RawTokens(await context.GetTokenAsync("id_token"), await context.GetTokenAsync("access_token"));
        return pages.Home(new Visitor(context.User), tokens, await organizations.MineAsync(tokens.Access, ct), await organizations.WorkspacesAsync(tokens.Access, ct), notice, status);
    }

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
