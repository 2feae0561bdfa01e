using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Directory and sign-in speak of the same people, whichever of them is first.</summary>
public abstract class DirectorySignInTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();
    private TestUpstream? started;
    private RelyingParty? registered;

    private TestUpstream Upstream => started!; // started before the test
    private RelyingParty App => registered!; // as above

    public async ValueTask InitializeAsync() => (started, registered) = (await TestUpstream.StartAsync(Ct), await host.CreateAppAsync(Ct));

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await Upstream.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>How the two find each other: what the identity provider says of ann when she signs in.</summary>
    public static TheoryData<CorrelateBy, string, string> Pairs => new()
    {
        { CorrelateBy.UserName, "sub-1", "ann" }, { CorrelateBy.Email, "sub-1", "ann" }, { CorrelateBy.ExternalId, "ext-ann", "ann" },
        // The subject alone, whatever the address: an alias, or one that somebody gave up.
        { CorrelateBy.ExternalId, "ext-ann", "ann.smith" }, { CorrelateBy.UserName, "ann@domain", "ann.smith" },
    };

    [Theory, MemberData(nameof(Pairs))]
    public async Task The_first_sign_in_of_whom_the_directory_has_made_finds_that_account(CorrelateBy by, string subject, string local)
    {
        var (world, _) = await WorldAsync(by);
        var made = await world.CreateAsync("ann", "\"displayName\":\"Ann of the directory\"");
        Upstream.SignsIn(Subject(world, subject), world.Address(local), name: "Ann of the provider");

        var tokens = await SignInAsync(world);

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal(rows.User.Id.ToString(), (string?)tokens.Id["sub"]);
        Assert.Equal("Ann of the directory", (string?)tokens.Id["name"]); // a sign-in does not overwrite what the directory says
        Assert.Equal(1, await MembersAsync(world));
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task The_directory_finds_whom_a_sign_in_has_made(CorrelateBy by, string subject, string local)
    {
        var (world, _) = await WorldAsync(by);
        Upstream.SignsIn(Subject(world, subject), world.Address(local), name: "Ann");
        var tokens = await SignInAsync(world);

        var made = await world.CreateAsync("ann");

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal((string?)tokens.Id["sub"], rows.User.Id.ToString());
        Assert.Equal((MembershipStatus.Active, 1), (rows.Membership.Status, await MembersAsync(world)));
        Assert.Equal(world.Address("ann"), Assert.Single(rows.User.Emails, e => e.IsPrimary).Address);
    }

    [Fact]
    public async Task Outside_the_verified_domains_the_two_find_each_other_in_both_orders()
    {
        var (world, _) = await WorldAsync(CorrelateBy.Email, OutsideDomains.Guest, c => c with { AllowOutsideDomains = true, TrustEmail = true });
        var (early, late) = ($"{host.Unique("early")}@partner.test", $"{host.Unique("late")}@partner.test");
        Upstream.SignsIn("sub-early", early);
        var first = await SignInAsync(world);
        var taken = await world.Scim.PostAsync("/Users", world.User("early", email: early), Ct);
        var made = await world.Scim.PostAsync("/Users", world.User("late", email: late), Ct);
        using var another = new WebBrowser();
        Upstream.SignsIn("sub-late", late);
        var second = await SignInAsync(world, another);

        Assert.Equal((string?)first.Id["sub"], (await world.RowsAsync(taken.Id)).User.Id.ToString());
        Assert.Equal((await world.RowsAsync(made.Id)).User.Id.ToString(), (string?)second.Id["sub"]);
        Assert.Equal(2, await MembersAsync(world));
    }

    [Fact]
    [Trait("Attack", "E9")]
    public async Task Who_was_made_inactive_does_not_get_in_until_they_are_active()
    {
        var (world, _) = await WorldAsync(CorrelateBy.UserName);
        var made = await world.CreateAsync("ann", "\"active\":false");
        Upstream.SignsIn("sub-1", world.Address("ann"));

        var page = await browser.GetAsync(Start(world).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("membership_ended", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","value":{"active":true}}"""), Ct);
        Assert.Equal((await world.RowsAsync(made.Id)).User.Id.ToString(), (string?)(await SignInAsync(world)).Id["sub"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whom_the_directory_has_deleted_no_sign_in_brings_back_or_makes_anew(bool signedInBefore)
    {
        var (world, _) = await WorldAsync(CorrelateBy.ExternalId, OutsideDomains.Guest, c => c with { AllowOutsideDomains = true });
        var made = await world.Scim.PostAsync("/Users", world.User("ann", email: $"{host.Unique("ann")}@partner.test"), Ct);
        var user = (await world.RowsAsync(made.Id)).User;
        Upstream.SignsIn("ext-ann", "another@partner.test");
        if (signedInBefore) Assert.Equal(user.Id.ToString(), (string?)(await SignInAsync(world)).Id["sub"]);
        await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);

        using var fresh = new WebBrowser();
        var page = await fresh.GetAsync(Start(world).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("membership_ended", page.Text, StringComparison.Ordinal);
        Assert.Equal(0, await MembersAsync(world));
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task The_directorys_word_links_no_sign_in_to_an_account_that_others_speak_for()
    {
        var (world, _) = await WorldAsync(CorrelateBy.ExternalId);
        var elsewhere = await host.CreateOrganizationAsync(Ct);
        var victim = await host.CreateUserAsync(world.Address("victim"), Ct); // with a password, and a member of another organization
        await host.AddMemberAsync(elsewhere, victim, Ct);
        var made = await world.CreateAsync("victim");
        Assert.Equal(victim.Id, (await world.RowsAsync(made.Id)).User.Id);
        Upstream.SignsIn("ext-victim", "somebody.else@evil.test");

        var page = await browser.GetAsync(Start(world).Address, Ct, App.IsCallback);

        Assert.False(App.IsCallback(page.Address), page.Address.ToString());
        Assert.Empty(await host.ReadAsync(db => db.UserIdentities.Where(i => i.UserId == victim.Id).ToListAsync(Ct)));
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task An_address_that_the_provider_does_not_vouch_for_finds_nobody_of_the_directory()
    {
        var (world, _) = await WorldAsync(CorrelateBy.Email, OutsideDomains.Guest, c => c with { AllowOutsideDomains = true });
        var address = $"{host.Unique("ceo")}@partner.test";
        var made = await world.Scim.PostAsync("/Users", world.User("ceo", email: address), Ct);
        Upstream.SignsIn("sub-mallory", address, emailVerified: false);

        var tokens = await SignInAsync(world);

        Assert.NotEqual((await world.RowsAsync(made.Id)).User.Id.ToString(), (string?)tokens.Id["sub"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Attack", "E3")]
    public async Task An_account_whose_address_nobody_vouched_for_does_not_become_the_user_of_that_address(bool inside)
    {
        var (world, _) = await WorldAsync(CorrelateBy.Email, OutsideDomains.Guest, c => c with { AllowOutsideDomains = true });
        var address = inside ? world.Address("ceo") : $"{host.Unique("ceo")}@partner.test";
        Upstream.SignsIn("sub-mallory", address, emailVerified: false);
        var mallory = await SignInAsync(world);

        var made = await world.Scim.PostAsync("/Users", world.User("ceo", email: address), Ct);

        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.NotEqual((string?)mallory.Id["sub"], (await world.RowsAsync(made.Id)).User.Id.ToString());
    }

    private static string Subject(ScimWorld world, string subject) => subject.Replace("ann@domain", world.Address("ann"), StringComparison.Ordinal);

    private async Task<(ScimWorld World, Connection Connection)> WorldAsync(CorrelateBy by, OutsideDomains outside = OutsideDomains.Reject, Func<NewOidcConnection, NewOidcConnection>? change = null)
    {
        var world = await ScimWorld.NewAsync(host, d => d with { CorrelateBy = by, OutsideDomains = outside });
        return (world, await host.ConnectAsync(world.Organization, Upstream, Ct, change));
    }

    private RelyingParty.Pending Start(ScimWorld world) => App.Authorize(("organization", world.Organization.Id.ToString()), ("login_hint", world.Address("somebody")));

    private async Task<TokenAnswer> SignInAsync(ScimWorld world, WebBrowser? by = null)
    {
        var pending = Start(world);
        var page = await (by ?? browser).GetAsync(pending.Address, Ct, App.IsCallback);
        Assert.True(App.IsCallback(page.Address), $"{page.Address} {page.Text}");
        var answer = RelyingParty.Answer(page);
        Assert.True(answer.ContainsKey("code"), page.Address.Query);
        var tokens = await App.RedeemAsync(answer["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
        return tokens;
    }

    private Task<int> MembersAsync(ScimWorld world) => host.ReadAsync(db =>
    {
        db.EnterOrganization(world.Organization.Id);
        return db.Memberships.CountAsync(m => m.OrganizationId == world.Organization.Id && m.Status != MembershipStatus.Removed, Ct);
    });
}

[Collection(SqliteHost.Name)]
public sealed class DirectorySignInOnSqlite(SqliteIdp host) : DirectorySignInTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DirectorySignInOnPostgreSql(PostgreSqlIdp host) : DirectorySignInTests(host);
