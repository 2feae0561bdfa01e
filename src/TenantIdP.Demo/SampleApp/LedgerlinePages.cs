using Microsoft.AspNetCore.Http.Extensions;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

internal sealed class LedgerlinePages(LedgerlineOptions options)
{
    private const string Brand = "Ledgerline";

    public IResult Landing(string? loginHint, string? organization, Html notice)
    {
        var query = new QueryBuilder();
        if (!string.IsNullOrEmpty(loginHint))
            query.Add("login_hint", loginHint);
        if (!string.IsNullOrEmpty(organization))
            query.Add("organization", organization);

        return Page.Card(Brand, "Invoices for your whole team", Html.Of($"""
            {notice}
            <p>{(string.IsNullOrEmpty(organization) ? "You will sign in at the login host and come back here." : $"You will sign in to {organization} at the login host and come back here.")}</p>
            <a class="button primary" href="/signin{query.ToString()}">{(string.IsNullOrEmpty(loginHint) ? "Sign in" : $"Sign in as {loginHint}")}</a>
            <p class="muted small">Sample application of the demo. <a href="{options.Map}">Who can I sign in as?</a></p>
            """));
    }

    public static IResult OtherPerson(Visitor visitor, string wanted) => Page.Card(Brand, "Someone else is signed in", Html.Of($"""
        <p>You are signed in as {visitor.Email}. To go on as {wanted}, sign out first.</p>
        <form method="post" action="/signout">
          <input type="hidden" name="login_hint" value="{wanted}">
          <button class="button primary">Sign out and go on as {wanted}</button>
        </form>
        <a class="button" href="/">Stay signed in as {visitor.Email}</a>
        """));

    public IResult Home(
        Visitor visitor, RawTokens tokens, IReadOnlyList<MyOrganization>? organizations, IReadOnlyList<MyWorkspace>? workspaces, Html notice, int status) =>
        Page.Wide(Brand, "Overview", Bar(visitor, "/"), Html.Of($"""
            {notice}
            <div class="title">
              <div><h1>{visitor.OrganizationName ?? "No organization"}</h1><p class="muted">What the login host told this application about you.</p></div>
              <a class="button primary" href="/invoices">Open invoices</a>
            </div>
            <div class="grid">
              <section class="card" aria-labelledby="you"><h2 id="you">You</h2>{Facts(visitor)}</section>
              <section class="card" aria-labelledby="switch"><h2 id="switch">Organizations</h2>{Switcher(visitor, organizations)}</section>
              {WorkspaceSwitcher.Card(visitor, workspaces)}
            </div>
            <div class="title">
              <div><h2>Tokens</h2><p class="muted">Raw, as the login host issued them. A real application never shows these.</p></div>
              <form method="post" action="/refresh"><button class="button">Refresh</button></form>
            </div>
            <div class="grid two">
              {Token("Id token", tokens.Id)}
              {Token("Access token", tokens.Access)}
            </div>
            """), status);

    public static IResult StepUp(Visitor visitor, string organizationId, string organizationName) => Page.Card(Brand, $"{organizationName} asks for its own sign-in", Html.Of($"""
        <p>{organizationName} does not accept the way you signed in. You can go on through its own sign-in and come back here.</p>
        <p class="muted">Nothing has changed: you are still signed in to {visitor.OrganizationName}.</p>
        <a class="button primary" href="/signin{new QueryBuilder { { "organization", organizationId }, { "login_hint", visitor.Email } }.ToString()}">Continue to sign in to {organizationName}</a>
        <a class="button" href="/">Stay in {visitor.OrganizationName}</a>
        """));

    public IResult Invoices(Visitor visitor, IReadOnlyList<Invoice> invoices) => Page.Wide(Brand, "Invoices", Bar(visitor, "/invoices"), Html.Of($"""
        <div class="title">
          <div><h1>Invoices</h1><p class="muted">Of {visitor.OrganizationName}. Another organization has its own.</p></div>
          <form method="post" action="/invoices"><button class="button primary">New invoice</button></form>
        </div>
        <div class="scroll" role="region" aria-label="Invoices" tabindex="0">
          <table>
            <thead><tr><th scope="col">Number</th><th scope="col">Customer</th><th scope="col" class="number">Amount</th></tr></thead>
            <tbody>{Html.Join(invoices.Select(invoice => Html.Of($"""<tr><th scope="row"><code>{invoice.Number}</code></th><td>{invoice.Customer}</td><td class="number">{invoice.Amount.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)}.00</td></tr>""")))}</tbody>
          </table>
        </div>
        """));

    public IResult Missing(Visitor visitor, string permission) => Page.Wide(Brand, "Not allowed", Bar(visitor, "/invoices"), Html.Of($"""
        <div class="title"><div><h1>Your roles do not allow this</h1><p>It needs the permission <code>{permission}</code> in {visitor.OrganizationName ?? "an organization"}. An owner of the organization can give you a role that has it.</p></div></div>
        <section class="card" aria-labelledby="have"><h2 id="have">What you have</h2>{Facts(visitor)}</section>
        <div class="actions"><a class="button primary" href="/">Back to the overview</a></div>
        """), StatusCodes.Status403Forbidden);

    public static IResult SignInFailed(string sentence, string? stillIn) => Page.Failure(
        Brand, "The sign-in did not complete", sentence, stillIn is null ? "Back to the start" : $"Back to {stillIn}", "/", StatusCodes.Status400BadRequest,
        stillIn is null ? null : $"You are still signed in to {stillIn}.");

    private Html Bar(Visitor visitor, string current) => Html.Of($"""
        <nav aria-label="Main">{Link("/", "Overview", current)}{Link("/invoices", "Invoices", current)}<a href="{options.Map}">Demo map</a></nav>
        <span class="who muted small">{visitor.Email}</span>
        <form method="post" action="/signout"><button class="button">Sign out</button></form>
        <script src="{SessionWatch.ScriptPath}" defer></script>
        """);

    private static Html Link(string href, string text, string current) => href == current
        ? Html.Of($"""<a href="{href}" aria-current="page">{text}</a>""")
        : Html.Of($"""<a href="{href}">{text}</a>""");

    private static Html Facts(Visitor visitor) => Html.Of($"""
        <dl class="facts">
          <dt>Person</dt><dd>{visitor.Name}<br><span class="muted">{visitor.Email}</span></dd>
          <dt>Organization</dt><dd>{visitor.OrganizationName ?? "none"}<br><code class="all">{visitor.OrganizationId}</code> <code class="muted">{visitor.OrganizationSlug}</code></dd>
          <dt>Roles</dt><dd>{Tags(visitor.Roles, "No roles")}</dd>
          <dt>Permissions</dt><dd>{Tags(visitor.Permissions, "No permissions")}</dd>
          {Html.When(visitor.WorkspaceId is not null, () => Html.Of($"<dt>Workspace</dt><dd><code class=\"all\">{visitor.WorkspaceId}</code><br>{Tags(visitor.WorkspaceRoles, "No roles")}</dd>"))}
        </dl>
        """);

    private static Html Tags(IReadOnlyList<string> values, string none) => values.Count == 0
        ? Html.Of($"""<span class="muted">{none}</span>""")
        : Html.Of($"""<ul class="tags">{Html.Join(values.Select(value => Html.Of($"<li>{value}</li>")))}</ul>""");

    private static Html Switcher(Visitor visitor, IReadOnlyList<MyOrganization>? organizations) => organizations switch
    {
        null => Html.Of($"""<p class="muted">The list could not be loaded. You can go on working in {visitor.OrganizationName}.</p>"""),
        [] => Html.Of($"""<p class="muted">You belong to no organization yet.</p>"""),
        _ => Html.Of($"""
            <p class="muted">A switch refreshes the tokens into the other organization, without a new sign-in where its policy allows.</p>
            <form method="post" action="/switch" class="stack">{Html.Join(organizations.Select(organization => Choice(organization, visitor)))}</form>
            """),
    };

    private static Html Choice(MyOrganization organization, Visitor visitor)
    {
        var roles = string.Join(", ", organization.Roles);
        return organization.Id == visitor.OrganizationId
            ? Html.Of($"""<div class="button person" aria-current="true"><span><span>{organization.DisplayName}</span> <span class="muted small">You are here · {roles}</span></span></div>""")
            : Html.Of($"""<button class="button person" name="organization" value="{organization.Id}"><span><span>Switch to {organization.DisplayName}</span> <span class="muted small">{roles}</span></span></button>""");
    }

    private static Html Token(string title, string? token) => Html.Of($"""
        <section class="card" aria-label="{title}">
          <h3>{title}</h3>
          {(TokenText.Decode(token) is var (header, payload) ? Decoded(title, header, payload) : Html.Of($"""<p class="muted">Not a JWT.</p>"""))}
          <details><summary>Compact form</summary><pre class="all" tabindex="0" role="region" aria-label="{title}, compact form">{token}</pre></details>
        </section>
        """);

    private static Html Decoded(string title, string header, string payload) => Html.Of($"""
        <pre tabindex="0" role="region" aria-label="{title}, header">{header}</pre>
        <pre tabindex="0" role="region" aria-label="{title}, claims">{payload}</pre>
        """);
}
