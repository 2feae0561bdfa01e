using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Where an authorization request sends a person who has proven something already, and that it never does so for ever.</summary>
public abstract class ProofFreshnessTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private sealed record Scene(RelyingParty App, Organization Organization, Connection Connection, User Person, string Email);

    /// <summary>A member with a password whom the organization's connection knows too.</summary>
    private async Task<Scene> SceneAsync(TestUpstream upstream)
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var connection = await host.ConnectAsync(organization, upstream, Ct);
        var email = $"ann@{host.UniqueHost()}";
        var person = await host.CreateUserAsync(email, Ct);
        await host.AddMemberAsync(organization, person, Ct);
        await LinkAsync(person, connection, upstream);
        return new Scene(await host.CreateAppAsync(Ct), organization, connection, person, email);
    }

    private Task<int> LinkAsync(User person, Connection connection, TestUpstream upstream)
    {
        upstream.SignsIn("ann", null);
        return host.ReadAsync(async db =>
        {
            db.UserIdentities.Add(UserIdentity.Link(person.Id, connection, upstream.Issuer, "ann", "created", Now));
            return await db.SaveChangesAsync(Ct);
        });
    }

    private static async Task<DateTimeOffset> ProvenAtAsync(Scene scene, RelyingParty.Pending pending, WebPage page)
    {
        Assert.True(scene.App.IsCallback(page.Address), $"{page.Address} {page.Text.Trim()}");
        var answer = RelyingParty.Answer(page);
        Assert.True(answer.ContainsKey("code"), answer.GetValueOrDefault("error_description"));
        var tokens = await scene.App.RedeemAsync(answer["code"], pending.Verifier, Ct);
        return DateTimeOffset.FromUnixTimeSeconds((long)tokens.Id["auth_time"]!); // asked for by prompt or max_age
    }

    [Fact]
    public async Task The_connection_that_an_app_names_is_where_the_sign_in_goes_and_an_unknown_one_is_ignored()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        using var browser = new WebBrowser();

        var named = await browser.GetAsync(scene.App.Authorize(("connection", scene.Connection.Id.ToString())).Address, Ct, a => a.AbsoluteUri.StartsWith(upstream.Issuer, StringComparison.Ordinal));
        var unknown = await browser.GetAsync(scene.App.Authorize(("connection", Id<Connection>.New(Now).ToString())).Address, Ct);

        Assert.StartsWith(upstream.Issuer, named.Address.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "/signin"), (unknown.Status, unknown.Address.AbsolutePath));
    }

    [Fact]
    [Trait("Attack", "D9")]
    public async Task Prompt_login_asks_for_the_proof_that_counts_and_not_for_any()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var (browser, _) = await host.SignedInAsync(scene.Person, Ct, new SessionProof(scene.Connection.Id, scene.Organization.Id, Now.AddHours(-2), ["fed"]), SessionProof.Password(Now.AddHours(-1)));
        var started = Now;
        var pending = scene.App.Authorize(("organization", scene.Organization.Id.ToString()), ("prompt", "login"));

        // The password is new, but the token would rest on the organization's own old proof.
        var page = await IdpHost.SignInWithPasswordAsync(browser, scene.App, pending, scene.Email, Ct);

        Assert.True(await ProvenAtAsync(scene, pending, page) >= started.AddSeconds(-1));
        Assert.Contains(browser.Trail, a => a.AbsoluteUri.StartsWith(upstream.Issuer, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Attack", "D9")]
    public async Task Max_age_is_counted_from_the_proof_that_counts()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var (browser, _) = await host.SignedInAsync(scene.Person, Ct, new SessionProof(scene.Connection.Id, scene.Organization.Id, Now.AddHours(-2), ["fed"]), SessionProof.Password(Now));
        (string, string?)[] request = [("organization", scene.Organization.Id.ToString()), ("max_age", "600")];

        var silent = await browser.GetAsync(scene.App.Authorize([.. request, ("prompt", "none")]).Address, Ct, scene.App.IsCallback);
        var started = Now;
        var pending = scene.App.Authorize(request);
        var asked = await browser.GetAsync(pending.Address, Ct, scene.App.IsCallback);

        Assert.Equal("login_required", RelyingParty.Answer(silent)["error"]);
        Assert.True(await ProvenAtAsync(scene, pending, asked) >= started.AddSeconds(-1));
    }

    [Fact]
    public async Task A_sign_in_that_does_not_count_ends_in_access_denied_and_not_in_circles()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var domain = await host.VerifyDomainAsync(scene.Organization, Ct);
        var other = await host.CreateOrganizationAsync(Ct);
        await host.AddMemberAsync(other, scene.Person, Ct);
        using var browser = new WebBrowser();

        // The hint leads to a connection whose word is worth nothing in the organization that the app wants, without anybody pressing anything.
        var page = await browser.GetAsync(scene.App.Authorize(("organization", other.Id.ToString()), ("login_hint", $"ann@{domain}")).Address, Ct, scene.App.IsCallback);

        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
        Assert.Single(browser.Trail, a => a.AbsolutePath == "/signin");
    }

    [Fact]
    public async Task An_organization_whose_required_sign_in_is_switched_off_refuses()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        await host.VerifyDomainAsync(scene.Organization, Ct);
        await host.RequireSsoAsync(scene.Organization, Ct);
        await host.ReadAsync(db => db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.Id == scene.Connection.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.Status, ConnectionStatus.Disabled), Ct));
        var (browser, _) = await host.SignedInAsync(scene.Person, Ct);

        var page = await browser.GetAsync(scene.App.Authorize(("organization", scene.Organization.Id.ToString())).Address, Ct, scene.App.IsCallback);

        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
    }

    [Fact]
    public async Task The_id_of_the_instance_names_no_organization()
    {
        var instance = Organization.Instance.ToString();
        Assert.False(Id<Organization>.TryParse(instance, out _));
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync(await host.CreateUserAsync($"zero@{host.UniqueHost()}", Ct), Ct);

        var page = await browser.GetAsync(app.Authorize(("organization", instance)).Address, Ct, app.IsCallback);

        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ProofFreshnessOnSqlite(SqliteIdp host) : ProofFreshnessTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ProofFreshnessOnPostgreSql(PostgreSqlIdp host) : ProofFreshnessTests(host);
