using Microsoft.AspNetCore.Http.Extensions;
using TenantIdP.Demo.Pages;
using TenantIdP.Demo.Scim;

namespace TenantIdP.Demo.Map;

internal static class MapPage
{
    public static IResult Render(DemoUniverse universe, DemoFacts facts) => Page.Wide("TenantIdP demo", "Who to sign in as", Bar(), Html.Of($"""
        <div class="title">
          <div><h1>The demo universe</h1><p class="muted">One login host, four customers, one application that they share. Everything runs on this machine.</p></div>
          <a class="button primary" href="{facts.App.Url}">Open the application</a>
        </div>
        <div class="grid cards">
          {Card("Application", "Ledgerline, an invoicing app. It shows the tokens and switches organizations.", facts.App.Url, "Open Ledgerline")}
          {Card("Login host", "TenantIdP itself: the issuer that Ledgerline trusts.", $"{facts.Issuer}/.well-known/openid-configuration", "Read its discovery document")}
          {Card("Directory sync", "Acme's identity provider pushes 25 people and 3 groups, as Okta or as Microsoft Entra. Remove one, and their open tab signs out.", ScimSite.PagePath, "Play the directory")}
          {Card("Webhooks", "Ledgerline is sent what happens at Acme, signed, and shows it as it comes.", universe.Hosts.AppWebhooksPage.AbsoluteUri, "Watch them arrive")}
          {Card("Mail", "What the login host would have sent by mail: nothing leaves this machine.", facts.Sandboxes["mail"], "Read the mails")}
          {Card("DNS", "The sandbox in which records of domains are published: Initech has still to prove initech.test.", universe.Hosts.DnsPage.AbsoluteUri, "Publish records")}
          {Card("Management API", "Organizations, people, domains, connections and applications, by HTTP.", facts.Openapi, "Read its OpenAPI document")}
        </div>
        {People(universe, facts)}
        <section class="card" aria-labelledby="organizations">
          <h2 id="organizations">Organizations</h2>
          <dl class="facts">{Html.Join(universe.Organizations.Select(Organization))}</dl>
        </section>
        <section class="card" aria-labelledby="curl">
          <h2 id="curl">From a terminal <span class="tag dev">development only</span></h2>
          <p class="muted">A management token, then the list of organizations. The same facts for programs: <a href="/demo.json">demo.json</a>.</p>
          <pre class="all" tabindex="0" role="region" aria-label="Commands">{Commands(facts)}</pre>
        </section>
        """));

    private static Html Bar() => Html.Of($"""<span class="tag dev">Development only: every secret on this page is public</span>""");

    private static Html Card(string title, string sentence, string href, string action) => Html.Of($"""
        <section class="card">
          <h2>{title}</h2>
          <p class="muted">{sentence}</p>
          <p><a class="button" href="{href}">{action}</a></p>
        </section>
        """);

    private static Html People(DemoUniverse universe, DemoFacts facts) => Html.Of($"""
        <div class="scroll">
          <table class="rows">
            <caption><h2>Who to sign in as</h2>Everybody who has a password has this one: <code class="all">{DemoUniverse.Password}</code> <span class="tag dev">development only</span></caption>
            <thead><tr><th scope="col">Person</th><th scope="col">Signs in by</th><th scope="col">Organizations</th><th scope="col">What there is to see</th><td></td></tr></thead>
            <tbody>{Html.Join(universe.People.Select(person => Row(universe, person, facts)))}</tbody>
          </table>
        </div>
        """);

    private static Html Row(DemoUniverse universe, DemoPerson person, DemoFacts facts)
    {
        var open = $"{facts.App.Url}/{new QueryBuilder { { "login_hint", person.Email } }}";
        var signsInBy = person.SignsInBy switch
        {
            DemoSignIn.Password => "Password",
            DemoSignIn.Oidc => $"{universe.HomeOf(person)?.Name}, by OpenID Connect",
            DemoSignIn.Saml => $"{universe.HomeOf(person)?.Name}, by SAML",
        };
        return Html.Of($"""
            <tr>
              <th scope="row">{person.Name}<br><code class="all address">{person.Email}</code></th>
              <td data-label="Signs in by">{signsInBy}</td>
              <td data-label="Organizations">{Memberships(universe, person)}</td>
              <td>{person.WhatToSee}</td>
              <td class="action"><a class="button" href="{open}">Open as {person.GivenName}</a></td>
            </tr>
            """);
    }

    private static Html Memberships(DemoUniverse universe, DemoPerson person) => person.Memberships.Count == 0
        ? Html.Of($"""<span class="muted">none yet</span>""")
        : Html.Join(person.Memberships.Select(membership => Html.Of($"""
            <span class="tag">{universe.Organizations.First(one => one.Slug == membership.Organization).Name}: {string.Join(", ", membership.Roles)}</span>
            """)));

    private static Html Organization(DemoOrganization organization)
    {
        var routing = organization.Connection is { } connection ? $"single sign-on by {(connection is DemoSamlConnection ? "SAML" : "OpenID Connect")} at {connection.Url.GetLeftPart(UriPartial.Authority)}" : "passwords";
        var policy = organization.RequireSso ? ", required for everybody" : string.Empty;
        return Html.Of($"""<dt>{organization.Name}</dt><dd>{string.Join(", ", organization.Domains)}: {routing}{policy}</dd>""");
    }

    private static string Commands(DemoFacts facts) => $"""
        TOKEN=$(curl -s {facts.Issuer}/connect/token \
          -u {facts.Management.ClientId}:{facts.Management.ClientSecret} \
          -d grant_type=client_credentials -d scope={facts.Management.Scope} \
          | sed -E 's/.*"access_token": ?"([^"]+)".*/\1/')
        curl -s {facts.Api}/organizations -H "Authorization: Bearer $TOKEN"
        """;
}
