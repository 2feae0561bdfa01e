using System.Net;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Where a person signs in: decided by what the app pinned, what it named, and who holds the domain, in that order.</summary>
public abstract class HomeRealmTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Place(Organization Organization, string Host, Connection Connection);

    private Task<Realm> FindAsync(string? email = null, string? organization = null, string? connection = null, string? domainHint = null, Id<Connection>? remembered = null) =>
        idp.InScopeAsync<HomeRealm, Realm>(realm => realm.FindAsync(new RealmQuestion(organization, connection, domainHint, email is null ? null : EmailAddress.Parse(email), remembered), Ct));

    private async Task<Place> NewPlaceAsync(TestUpstream upstream, OrganizationChanges? policy = null)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var host = await idp.VerifyDomainAsync(organization, Ct);
        var connection = await idp.ConnectAsync(organization, upstream, Ct);
        if (policy is not null) await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(organization.Id, policy, Granter.Instance, null, Ct));
        return new Place(organization, host, connection);
    }

    private async Task RouteAsync(Place place, Func<DomainChanges, DomainChanges> change, string? host = null)
    {
        var wanted = host ?? place.Host;
        var domains = await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(place.Organization.Id, new PageRequest(50, null), Ct), place.Organization.Id);
        var domain = domains.Value!.Items.Single(d => d.Host.Value == wanted); // a first page
        await idp.UseAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(place.Organization.Id, domain.Id, change(new DomainChanges()), Granter.Instance, null, Ct), place.Organization.Id);
    }

    [Fact]
    [Trait("Attack", "C7")]
    public async Task A_pinned_organization_is_superseded_by_nothing_that_is_typed_or_hinted()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var strict = await NewPlaceAsync(upstream, new OrganizationChanges { RequireSso = true });
        var own = await NewPlaceAsync(upstream, new OrganizationChanges { AcceptHomeSso = false });
        var other = await NewPlaceAsync(upstream);

        foreach (var pin in new[] { strict.Organization.Id.ToString(), strict.Organization.Slug.Value })
        {
            Assert.Equal(strict.Connection.Id, (await FindAsync($"jane@{other.Host}", pin)).Connection); // login_hint and typing are this address
            Assert.Equal(strict.Connection.Id, (await FindAsync(null, pin, domainHint: other.Host)).Connection);
            Assert.Equal(strict.Connection.Id, (await FindAsync(null, pin, connection: other.Connection.Id.ToString())).Connection);
            Assert.Equal(strict.Connection.Id, (await FindAsync($"jane@{other.Host}", pin, other.Connection.Id.ToString(), other.Host, other.Connection.Id)).Connection);
        }

        // One that takes no other home: an address of another organization leads to its own sign-in, a hint to nobody's.
        Assert.Equal(own.Connection.Id, (await FindAsync($"jane@{other.Host}", own.Organization.Id.ToString())).Connection);
        var hinted = await FindAsync(null, own.Organization.Id.ToString(), other.Connection.Id.ToString(), other.Host, other.Connection.Id);
        Assert.True(hinted is { IsLocal: true, Suggested: null }, hinted.ToString());

        // One that does takes the address's home, because its sign-in counts there; never a mere hint.
        Assert.Equal(strict.Connection.Id, (await FindAsync($"jane@{strict.Host}", other.Organization.Slug.Value)).Connection);
        Assert.True((await FindAsync(null, other.Organization.Slug.Value, domainHint: strict.Host)).IsLocal);

        // One that isn't there is no reason to go by anything else.
        Assert.True((await FindAsync($"jane@{other.Host}", idp.Unique("nobody"), other.Connection.Id.ToString())).IsLocal);
    }

    [Fact]
    public async Task Without_a_pin_the_named_connection_comes_before_the_domain_and_the_domain_before_what_is_remembered()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (one, other) = (await NewPlaceAsync(upstream), await NewPlaceAsync(upstream));

        Assert.Equal(other.Connection.Id, (await FindAsync($"jane@{one.Host}", connection: other.Connection.Id.ToString())).Connection);
        Assert.Equal(one.Connection.Id, (await FindAsync($"jane@{one.Host}", remembered: other.Connection.Id)).Connection);
        Assert.Equal(one.Connection.Id, (await FindAsync(domainHint: one.Host)).Connection);
        Assert.Equal(one.Connection.Id, (await FindAsync($"jane@{one.Host}", domainHint: other.Host)).Connection); // a typed address says more than a hint

        var free = await FindAsync($"jane@{idp.UniqueHost()}", remembered: other.Connection.Id);
        Assert.Equal((true, other.Connection.Id, other.Organization.DisplayName), (free.IsLocal, free.Suggested?.Id, free.SuggestedBy));
        await idp.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(other.Organization.Id, other.Connection.Id, Ct), other.Organization.Id);
        Assert.Null((await FindAsync(remembered: other.Connection.Id)).Suggested);
        Assert.True((await FindAsync(connection: other.Connection.Id.ToString())).IsLocal);
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task Only_a_verified_domain_routes_and_the_most_specific_one_wins_whoever_holds_it()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (parent, child) = (await NewPlaceAsync(upstream), await NewPlaceAsync(upstream));
        var claimed = idp.UniqueHost();
        await idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(parent.Organization.Id, claimed, true, Ct), parent.Organization.Id);
        Assert.True((await FindAsync($"jane@{claimed}")).IsLocal);

        Assert.True((await FindAsync($"jane@eng.{parent.Host}")).IsLocal); // exact, until the sub-domains are included
        await RouteAsync(parent, c => c with { IncludeSubdomains = true });
        Assert.Equal(parent.Connection.Id, (await FindAsync($"jane@eng.{parent.Host}")).Connection);
        Assert.True((await FindAsync($"jane@x{parent.Host}")).IsLocal);

        await idp.VerifyDomainAsync(child.Organization, Ct, $"eng.{parent.Host}");
        Assert.Equal(child.Connection.Id, (await FindAsync($"jane@eng.{parent.Host}")).Connection);
        Assert.Equal(parent.Connection.Id, (await FindAsync($"jane@hr.{parent.Host}")).Connection);

        // Suspended, it is still not its parent's.
        await idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(child.Organization.Id, Ct));
        Assert.True((await FindAsync($"jane@eng.{parent.Host}")).IsLocal);
    }

    [Fact]
    public async Task Rules_send_some_hosts_to_one_connection_and_let_the_others_choose()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var place = await NewPlaceAsync(upstream);
        var (second, third) = (await idp.ConnectAsync(place.Organization, upstream, Ct, c => c with { DisplayName = "Second" }), await idp.ConnectAsync(place.Organization, upstream, Ct, c => c with { DisplayName = "Third" }));
        Assert.Equal([place.Connection.Id, second.Id, third.Id], (await FindAsync($"jane@{place.Host}")).Choices.Select(c => c.Id)); // no rule: all of them

        await RouteAsync(place, c => c with
        {
            IncludeSubdomains = true,
            Connections = new([new(third.Id, $"Eng.{place.Host}"), new(second.Id, $"*.eng.{place.Host}"), new(place.Connection.Id), new(second.Id)]),
        });

        Assert.Equal(third.Id, (await FindAsync($"jane@eng.{place.Host}")).Connection);
        Assert.Equal(second.Id, (await FindAsync($"jane@eu.eng.{place.Host}")).Connection);
        var asked = await FindAsync($"jane@{place.Host}", remembered: second.Id);
        Assert.Equal([place.Connection.Id, second.Id], asked.Choices.Select(c => c.Id));
        Assert.Equal((null, second.Id, place.Organization.DisplayName), (asked.Connection, asked.Suggested?.Id, asked.OrganizationName));

        // A connection that is switched off is none: the next rule decides.
        await idp.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(place.Organization.Id, third.Id, Ct), place.Organization.Id);
        Assert.Equal(2, (await FindAsync($"jane@eng.{place.Host}")).Choices.Count);
        await idp.InScopeAsync<ConnectionService, Result>(s => s.DeleteAsync(place.Organization.Id, second.Id, Ct), place.Organization.Id);
        Assert.Equal(place.Connection.Id, (await FindAsync($"jane@eng.{place.Host}")).Connection);
    }

    [Fact]
    public async Task Rules_name_hosts_of_their_domain_and_connections_of_their_organization_only()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (place, other) = (await NewPlaceAsync(upstream), await NewPlaceAsync(upstream));
        var domain = (await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(place.Organization.Id, new PageRequest(50, null), Ct), place.Organization.Id)).Value!.Items.Single(); // a first page
        async Task<string?> SetAsync(params DomainConnectionRule[] rules) =>
            (await idp.TryAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(place.Organization.Id, domain.Id, new DomainChanges { Connections = rules }, Granter.Instance, null, Ct), place.Organization.Id)).Error?.Code;

        Assert.Equal("domain_connection_unknown", await SetAsync(new DomainConnectionRule(other.Connection.Id)));
        foreach (var host in new[] { other.Host, $"x{place.Host}", "*", "*.", $"*x.{place.Host}", $"*.*.{place.Host}", "example", "" })
            Assert.Equal("domain_rule_invalid", await SetAsync(new DomainConnectionRule(place.Connection.Id, host)));
        Assert.Equal("domain_rule_invalid", await SetAsync(new(place.Connection.Id, place.Host), new(place.Connection.Id, place.Host.ToUpperInvariant())));
        Assert.Equal("domain_rule_invalid", await SetAsync(new(place.Connection.Id), new(place.Connection.Id)));
        Assert.Equal("domain_rule_invalid", await SetAsync([.. Enumerable.Range(0, 21).Select(i => new DomainConnectionRule(place.Connection.Id, $"h{i}.{place.Host}"))]));
        Assert.Null(await SetAsync(new(place.Connection.Id, place.Host), new(place.Connection.Id)));
        Assert.Null(await SetAsync());
    }

    [Fact]
    public async Task A_person_chooses_among_the_connections_of_their_domains_organization_and_sees_no_others()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await using var stranger = await TestUpstream.StartAsync(Ct);
        var (place, other) = (await NewPlaceAsync(upstream), await NewPlaceAsync(stranger));
        var second = await idp.ConnectAsync(place.Organization, upstream, Ct, c => c with { DisplayName = "Second sign-in" });
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        upstream.SignsIn("jane", $"jane@{place.Host}");

        var page = await browser.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        Assert.DoesNotContain("Upstream", page.Text, StringComparison.Ordinal); // nobody's connection is named before an address says whose it is
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"jane@{place.Host}" }, Ct, stopAt: app.IsCallback);
        Assert.Equal(["Upstream", "Second sign-in"], page.Document.QuerySelectorAll("button.choice .name").Select(n => n.TextContent.Trim()));
        Assert.Contains(place.Organization.DisplayName, page.Text, StringComparison.Ordinal);

        // One that was not offered is no choice.
        var refused = await browser.SubmitAsync(page, new Dictionary<string, string> { ["choice"] = other.Connection.Id.ToString() }, Ct, stopAt: app.IsCallback);
        Assert.Equal(2, refused.Document.QuerySelectorAll("button.choice").Length);
        Assert.Empty(stranger.Requests);

        var button = page.Document.QuerySelectorAll("button.choice").Single(b => b.GetAttribute("value") == second.Id.ToString());
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);
        Assert.True(app.IsCallback(page.Address), page.Text);
        Assert.Contains(browser.Trail, u => u.AbsolutePath == $"/sso/oidc/{second.Id}/callback");
    }

    [Fact]
    public async Task What_a_browser_used_last_is_suggested_and_never_for_a_pinned_organization()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (place, other) = (await NewPlaceAsync(upstream), await idp.CreateOrganizationAsync(Ct));
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        upstream.SignsIn("jane", $"jane@{place.Host}");
        var page = await browser.GetAsync(app.Authorize(("login_hint", $"jane@{place.Host}")).Address, Ct, app.IsCallback);
        Assert.True(app.IsCallback(page.Address), page.Text);
        using var later = new WebBrowser(Only(browser, "tidp-realm"));

        page = await later.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        Assert.Equal("/signin", page.Address.AbsolutePath); // a suggestion: nobody is sent anywhere
        Assert.Contains($"Continue with {place.Organization.DisplayName}", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("jane", page.Document.DocumentElement.OuterHtml, StringComparison.OrdinalIgnoreCase);
        var pinned = await later.GetAsync(app.Authorize(("organization", other.Slug.Value)).Address, Ct, app.IsCallback);
        Assert.DoesNotContain("Continue with", pinned.Text, StringComparison.Ordinal);

        var button = page.Document.QuerySelectorAll("button[name=choice]").Single();
        page = await later.SubmitAsync(page, new Dictionary<string, string>(), Ct, "form:has(button[name=choice])", app.IsCallback, button);
        Assert.True(app.IsCallback(page.Address), page.Text);

        // What was not sealed here suggests nothing.
        var forged = new CookieContainer();
        forged.Add(new Cookie("tidp-realm", Uri.EscapeDataString($"{{\"connection\":\"{place.Connection.Id}\"}}"), "/", new Uri(idp.Issuer).Host));
        using var forger = new WebBrowser(forged);
        Assert.DoesNotContain("Continue with", (await forger.GetAsync(idp.Issuer + "/signin", Ct)).Text, StringComparison.Ordinal);
    }

    private CookieContainer Only(WebBrowser browser, string name)
    {
        var kept = new CookieContainer();
        var found = browser.Cookies.GetCookies(new Uri(idp.Issuer)).Single(c => c.Name == name);
        kept.Add(new Cookie(found.Name, found.Value, "/", new Uri(idp.Issuer).Host));
        return kept;
    }
}

[Collection(SqliteHost.Name)]
public sealed class HomeRealmOnSqlite(SqliteIdp idp) : HomeRealmTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class HomeRealmOnPostgreSql(PostgreSqlIdp idp) : HomeRealmTests(idp);
