using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>Roles that an identity provider's claim gives, and takes.</summary>
public abstract class SsoRoleTests(IdpHost host) : IAsyncLifetime
{
    private static readonly SsoRoles Mapping = new("groups", [new("Engineering", "guest"), new("IT", "admin")]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestUpstream? started;
    private RelyingParty? registered;

    private TestUpstream Upstream => started!; // started before the test
    private RelyingParty App => registered!; // as above

    public async ValueTask InitializeAsync() => (started, registered) = (await TestUpstream.StartAsync(Ct), await host.CreateAppAsync(Ct));

    public async ValueTask DisposeAsync()
    {
        await Upstream.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Roles_are_what_the_claim_says_at_each_sign_in_that_has_it()
    {
        var (_, domain, connection) = await AcmeAsync(Mapping);

        Assert.Equal(["guest", "member"], await SignInAsync(domain, new JsonArray("Engineering", "Sales")));
        Assert.Equal(["admin", "guest", "member"], await SignInAsync(domain, new JsonArray("IT", "Engineering")));
        Assert.Equal(["admin", "guest", "member"], await SignInAsync(domain, null)); // absent changes nothing
        Assert.Equal(["admin", "guest", "member"], await SignInAsync(domain, new JsonObject { ["IT"] = true })); // and so does what is no list
        Assert.Equal(["admin", "member"], await SignInAsync(domain, "IT"));
        Assert.Equal(["member"], await SignInAsync(domain, new JsonArray())); // empty takes them all

        Assert.Equal(
            [$"{EventTypes.MemberRoleGranted} guest", $"{EventTypes.MemberRoleGranted} admin", $"{EventTypes.MemberRoleRevoked} guest", $"{EventTypes.MemberRoleRevoked} admin"],
            await ChangesAsync(connection));
    }

    [Fact]
    public async Task A_value_counts_only_letter_by_letter()
    {
        var (_, domain, _) = await AcmeAsync(Mapping);

        Assert.Equal(["member"], await SignInAsync(domain, new JsonArray("it", "IT ", "CN=IT", 42)));
    }

    [Fact]
    public async Task A_role_that_somebody_gave_by_hand_outlives_the_claim()
    {
        var (acme, domain, connection) = await AcmeAsync(Mapping);
        await SignInAsync(domain, new JsonArray("Engineering"));
        var membership = await host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(m => m.OrganizationId == acme.Id, Ct));
        await host.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(acme.Id, membership.Id, "guest", Granter.Instance, Ct), acme.Id);

        Assert.Equal(["guest", "member"], await SignInAsync(domain, new JsonArray()));
        Assert.Contains($"{EventTypes.MemberRoleRevoked} guest", await ChangesAsync(connection));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task No_claim_makes_an_owner()
    {
        var (acme, domain, connection) = await AcmeAsync(Mapping);
        // As a row would be that got past the rules.
        await host.ReadAsync(async db =>
        {
            db.EnterOrganization(acme.Id);
            var row = await db.Connections.SingleAsync(c => c.Id == connection.Id, Ct);
            row.SetSsoRoles(new SsoRoles("groups", [new("Everybody", "owner"), new("Everybody", "no-such-role"), new("Everybody", "guest")]), row.UpdatedAt);
            return await db.SaveChangesAsync(Ct);
        });

        Assert.Equal(["guest", "member"], await SignInAsync(domain, new JsonArray("Everybody")));
    }

    [Fact]
    public async Task A_role_that_no_rule_gives_any_more_is_taken_from_everybody_at_once()
    {
        var (acme, domain, connection) = await AcmeAsync(Mapping);
        await SignInAsync(domain, new JsonArray("Engineering", "IT"));
        var before = await MembershipAsync(acme);

        await host.UseAsync<ConnectionService, Connection>(
            s => s.UpdateOidcAsync(acme.Id, connection.Id, new OidcConnectionChanges { SsoRoles = new Patch<SsoRoles>(new SsoRoles("groups", [new("Engineering", "guest")])) }, Granter.Instance, null, Ct), acme.Id);

        var after = await MembershipAsync(acme);
        Assert.Equal(["guest", "member"], await HeldAsync(after));
        Assert.Equal(before.Version + 1, after.Version);
        await host.UseAsync<ConnectionService, Connection>(
            s => s.UpdateOidcAsync(acme.Id, connection.Id, new OidcConnectionChanges { SsoRoles = new Patch<SsoRoles>(null) }, Granter.Instance, null, Ct), acme.Id);
        Assert.Equal(["member"], await HeldAsync(await MembershipAsync(acme)));
        Assert.Equal(2, await host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(e => e.OrganizationId == acme.Id && e.Type == EventTypes.ConnectionRolesRevoked, Ct)));
    }

    [Fact]
    public async Task A_deleted_connection_takes_back_what_it_gave()
    {
        var (acme, domain, connection) = await AcmeAsync(Mapping);
        await SignInAsync(domain, new JsonArray("IT"));
        var other = await AcmeAsync(Mapping);
        await SignInAsync(other.Domain, new JsonArray("IT"));

        await host.UseAsync<ConnectionService, bool>(async s => await s.DeleteAsync(acme.Id, connection.Id, Ct) is { IsOk: true }, acme.Id);

        Assert.Equal(["member"], await HeldAsync(await MembershipAsync(acme)));
        Assert.Equal(["admin", "member"], await HeldAsync(await MembershipAsync(other.Organization)));
    }

    private Task<Membership> MembershipAsync(Organization organization) =>
        host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Include(m => m.Roles).AsNoTracking().SingleAsync(m => m.OrganizationId == organization.Id, Ct));

    private Task<string[]> HeldAsync(Membership membership) => host.ReadAsync(async db =>
    {
        var ids = membership.Roles.Select(r => r.RoleId).ToArray();
        return await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => ids.Contains(r.Id)).Select(r => r.Key).Order().ToArrayAsync(Ct);
    });

    [Fact]
    public async Task Roles_wait_with_a_link_for_the_old_accounts_password()
    {
        var domain = host.UniqueHost();
        await host.CreateUserAsync($"jane@{domain}", Ct);
        await AcmeAsync(Mapping, domain);
        Says(domain, new JsonArray("IT"));
        using var browser = new WebBrowser();
        var pending = App.Authorize(("login_hint", $"jane@{domain}"));

        var page = await browser.GetAsync(pending.Address, Ct, App.IsCallback);
        Assert.Equal("/signin/link", page.Address.AbsolutePath);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: App.IsCallback);

        Assert.Equal(["admin", "member"], await RolesAsync(page, pending));
    }

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(SsoRoles roles, string? domain = null)
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        return (acme, await host.VerifyDomainAsync(acme, Ct, domain), await host.ConnectAsync(acme, Upstream, Ct, wanted => wanted with { SsoRoles = roles }));
    }

    private void Says(string domain, JsonNode? groups)
    {
        Upstream.SignsIn("u-roles", $"jane@{domain}");
        if (groups is not null) Upstream.Claims["groups"] = groups;
    }

    private async Task<string[]> SignInAsync(string domain, JsonNode? groups)
    {
        Says(domain, groups);
        using var browser = new WebBrowser();
        var pending = App.Authorize(("login_hint", $"jane@{domain}"));
        return await RolesAsync(await browser.GetAsync(pending.Address, Ct, App.IsCallback), pending);
    }

    private async Task<string[]> RolesAsync(WebPage page, RelyingParty.Pending pending)
    {
        Assert.True(App.IsCallback(page.Address), $"{page.Address} {page.Status}: {page.Text.Trim()}");
        var tokens = await App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
        return [.. tokens.Access["roles"]!.AsArray().Select(r => (string)r!).Order(StringComparer.Ordinal)];
    }

    private async Task<List<string>> ChangesAsync(Connection connection)
    {
        var events = await host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(e => e.OrganizationId == connection.OrganizationId && (e.Type == EventTypes.MemberRoleGranted || e.Type == EventTypes.MemberRoleRevoked)).OrderBy(e => e.Id).ToListAsync(Ct));
        return [.. events.Where(e => e.Data.Contains(connection.Id.ToString(), StringComparison.Ordinal)).Select(e => $"{e.Type} {(string?)JsonNode.Parse(e.Data)!["role"]}")];
    }
}

[Collection(SqliteHost.Name)]
public sealed class SsoRolesOnSqlite(SqliteIdp idp) : SsoRoleTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SsoRolesOnPostgreSql(PostgreSqlIdp idp) : SsoRoleTests(idp);
