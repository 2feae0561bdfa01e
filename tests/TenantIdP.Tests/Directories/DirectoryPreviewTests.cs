using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>What is foretold of a user is what the create does.</summary>
public abstract class DirectoryPreviewTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="Outcome">As the API says it, with how somebody was found or why not.</param>
    private sealed record Said(string Outcome, string? Member, string? User);

    [Theory]
    [InlineData(OutsideDomains.Reject, "refuse email_domain_not_allowed")]
    [InlineData(OutsideDomains.Invite, "invite ")]
    [InlineData(OutsideDomains.Guest, "guest ")]
    public async Task New_people_inside_and_outside_the_verified_domains(OutsideDomains outside, string foretold)
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = outside });
        var somebody = await host.CreateUserAsync($"{host.Unique("somebody")}@elsewhere.test", Ct); // elsewhere, whether there is somebody does not show

        await AssertForetoldAsync(world, "ann", null, "create ");
        await AssertForetoldAsync(world, "bob", somebody.Emails[0].Address, foretold);
        await AssertForetoldAsync(world, "cyd", $"{host.Unique("nobody")}@elsewhere.test", foretold);
    }

    [Fact]
    public async Task Accounts_that_the_organization_may_take_and_one_that_it_may_not()
    {
        var world = await ScimWorld.NewAsync(host);
        var inside = await host.CreateUserAsync(world.Address("ann"), Ct);
        var member = await host.CreateUserAsync($"{host.Unique("member")}@elsewhere.test", Ct);
        var membership = (await host.AddMemberAsync(world.Organization, member, Ct)).Membership.Id;
        var operatorOf = await host.CreateUserAsync(world.Address("root"), Ct);
        await host.ReadAsync(db => db.Users.Where(u => u.Id == operatorOf.Id).ExecuteUpdateAsync(set => set.SetProperty(u => u.IsOperator, true), Ct));

        var known = await AssertForetoldAsync(world, "ann", null, "link email");
        var here = await AssertForetoldAsync(world, "bob", member.Emails[0].Address, "link email");
        await AssertForetoldAsync(world, "root", null, "refuse person_unavailable");

        Assert.Equal((null, inside.Id.ToString()), (known.Member, known.User));
        Assert.Equal((membership.ToString(), member.Id.ToString()), (here.Member, here.User));
    }

    [Fact]
    public async Task A_domain_proven_by_less_than_DNS_takes_nobody()
    {
        var world = await ScimWorld.NewAsync(host);
        await host.CreateUserAsync(world.Address("ann"), Ct);
        await host.ReadAsync(db =>
        {
            db.EnterOrganization(world.Organization.Id);
            return db.Domains.ExecuteUpdateAsync(set => set.SetProperty(d => d.VerifiedBy, Core.Domains.VerificationMethod.MetaTag), Ct);
        });

        await AssertForetoldAsync(world, "ann", null, "refuse email_taken");
    }

    [Fact]
    public async Task Whom_the_single_sign_on_knows_already()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var world = await ScimWorld.NewAsync(host, d => d with { CorrelateBy = CorrelateBy.ExternalId });
        await host.ConnectAsync(world.Organization, upstream, Ct, c => c with { TrustEmail = true });
        upstream.SignsIn("ext-ann", world.Address("ann.old"), name: "Ann");
        var app = await host.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(app.Authorize(("organization", world.Organization.Id.ToString()), ("login_hint", world.Address("somebody"))).Address, Ct, app.IsCallback);
        Assert.True(app.IsCallback(page.Address), page.Text);

        var said = await AssertForetoldAsync(world, "ann", null, "link sso_identity");

        Assert.NotNull(said.Member);
    }

    [Fact]
    public async Task Former_users_come_back_by_their_external_id_or_their_name_and_standing_ones_are_in_the_way()
    {
        var world = await ScimWorld.NewAsync(host);
        var (gone, off, stands) = (await world.CreateAsync("gone"), await world.CreateAsync("off"), await world.CreateAsync("stands"));
        await world.Scim.DeleteAsync($"/Users/{gone.Id}", Ct);
        await world.Scim.PatchAsync($"/Users/{off.Id}", ScimWorld.Patch("""{"op":"replace","path":"active","value":false}"""), Ct);

        var back = await AssertForetoldAsync(world, "gone", null, "revive external_id");
        await AssertForetoldAsync(world, "off", null, "revive user_name", externalId: "another");
        await AssertForetoldAsync(world, "stands", null, "refuse directory_user_taken", externalId: "another");
        await AssertForetoldAsync(world, "new", null, "refuse directory_user_taken", externalId: "ext-stands");

        Assert.Equal((await world.RowsAsync(gone.Id)).Membership.Id.ToString(), back.Member);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(stands.Id)).Membership.Status);
    }

    [Fact]
    public async Task A_former_user_who_comes_back_with_an_address_outside_or_of_somebody_else()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        await host.CreateUserAsync(world.Address("taken"), Ct);
        await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);

        await AssertForetoldAsync(world, "ann", $"{host.Unique("ann")}@elsewhere.test", "refuse email_domain_not_allowed");
        await AssertForetoldAsync(world, "ann", world.Address("taken"), "refuse email_taken");
        await AssertForetoldAsync(world, "ann", world.Address("ann.jones"), "revive external_id");
    }

    [Fact]
    public async Task Memberships_that_somebody_has_ended_and_those_that_the_former_directory_did()
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await host.CreateUserAsync(world.Address("ann"), Ct), await world.CreateAsync("bob"));
        var member = await host.AddMemberAsync(world.Organization, ann, Ct);
        await host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(world.Organization.Id, member.Membership.Id, Granter.Instance, Ct), world.Organization.Id);
        await world.Scim.DeleteAsync($"/Users/{bob.Id}", Ct);
        var next = world with { Directory = await host.CreateDirectoryAsync(world.Organization, Ct) };

        await AssertForetoldAsync(next, "ann", null, "refuse membership_ended");
        var back = await AssertForetoldAsync(next, "bob", null, "revive email");

        Assert.Equal((await world.RowsAsync(bob.Id)).Membership.Id.ToString(), back.Member);
    }

    [Fact]
    public async Task The_rules_of_every_way_in()
    {
        var (full, bound, listed) = (await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Guest }));
        await ChangeAsync(full, new OrganizationChanges { MemberLimit = new Patch<int?>(1) });
        await full.CreateAsync("first");
        var elsewhere = await host.CreateUserAsync(bound.Address("ann"), Ct);
        var exclusive = await host.CreateOrganizationAsync(Ct);
        await host.AddMemberAsync(exclusive, elsewhere, Ct);
        await host.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(exclusive.Id, new OrganizationChanges { ExclusiveMembership = true }, Granter.Instance, null, Ct));
        await ChangeAsync(listed, new OrganizationChanges { MembershipDomains = MembershipDomains.VerifiedOnly });

        await AssertForetoldAsync(full, "second", null, "refuse member_limit_reached");
        await AssertForetoldAsync(bound, "ann", null, "refuse single_org_policy");
        await AssertForetoldAsync(listed, "bob", $"{host.Unique("bob")}@elsewhere.test", "refuse email_domain_not_allowed");
        await AssertForetoldAsync(listed, "cyd", null, "create ");
    }

    [Fact]
    public async Task Each_row_is_judged_by_itself_in_its_place_and_nothing_changes()
    {
        var world = await ScimWorld.NewAsync(host);
        var before = await EventsAndUsersAsync(world);

        var rows = await PreviewAsync(world, [new { userName = world.Address("ann") }, new { userName = "bob", email = "no address" }, new { userName = world.Address("ann"), externalId = "1" }]);

        Assert.Equal(["create ", "refuse email_invalid", "create "], rows.Select(r => r.Outcome));
        Assert.Equal(before, await EventsAndUsersAsync(world));
    }

    [Fact]
    public async Task Nobody_previews_more_than_five_hundred_or_a_directory_of_another_organization()
    {
        var (world, other) = (await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host));
        using var many = await AskAsync(world, [.. Enumerable.Range(0, DirectoryPreview.MaxUsers + 1).Select(i => (object)new { userName = $"u{i}" })]);
        using var foreign = await AskAsync(world with { Directory = other.Directory }, [new { userName = "ann" }]);

        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    /// <summary>Foretells, creates, and compares what came of it.</summary>
    private async Task<Said> AssertForetoldAsync(ScimWorld world, string local, string? email, string expected, string? externalId = null)
    {
        var said = Assert.Single(await PreviewAsync(world, [new { userName = world.Address(local), email = email ?? world.Address(local), externalId = externalId ?? "ext-" + local }]));
        Assert.Equal(expected, said.Outcome);

        var existed = await host.ReadAsync(db => db.Users.Select(u => u.Id).ToListAsync(Ct));
        var made = await world.Scim.PostAsync("/Users", world.User(local, email: email, externalId: externalId), Ct);
        if (expected.StartsWith("refuse ", StringComparison.Ordinal))
        {
            Assert.True((int)made.Status is >= 400 and < 500, made.Detail);
            if (expected != "refuse directory_user_taken") Assert.Contains($"({expected["refuse ".Length..]})", made.Detail, StringComparison.Ordinal);
            else Assert.Equal("uniqueness", made.ScimType);
            return said;
        }

        Assert.True(made.Status == HttpStatusCode.Created, made.Detail);
        var rows = await world.RowsAsync(made.Id);
        var isNew = !existed.Contains(rows.User.Id);
        Assert.Equal(expected.Split(' ')[0] is "create" or "invite" or "guest", isNew);
        Assert.Equal(isNew ? null : rows.User.Id.ToString(), said.User);
        if (said.Member is not null) Assert.Equal(rows.Membership.Id.ToString(), said.Member);
        Assert.Equal(expected == "invite " ? MembershipStatus.Pending : MembershipStatus.Active, rows.Membership.Status);
        if (expected == "guest ") Assert.Equal([BuiltInRoles.Guest], await world.RolesAsync(made.Id));
        if (expected == "create ") Assert.NotNull(Assert.Single(rows.User.Emails).VerifiedAt);
        return said;
    }

    private async Task<List<Said>> PreviewAsync(ScimWorld world, object[] users)
    {
        using var answer = await AskAsync(world, users);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body.GetRawText());
        return [.. body.GetProperty("results").EnumerateArray().Select(r => new Said($"{Text(r, "outcome")} {Text(r, "matchedBy") ?? Text(r, "code")}", Text(r, "memberId"), Text(r, "userId")))];

        static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private async Task<HttpResponseMessage> AskAsync(ScimWorld world, object[] users)
    {
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{host.Issuer}/api/v1/organizations/{world.Organization.Id}/directories/{world.Directory.Directory.Id}/preview") { Content = JsonContent.Create(new { users }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await host.Http.SendAsync(request, Ct);
    }

    private Task ChangeAsync(ScimWorld world, OrganizationChanges changes) =>
        host.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(world.Organization.Id, changes, Granter.Instance, null, Ct));

    private async Task<(int Events, int Rows, int Invitations)> EventsAndUsersAsync(ScimWorld world) => ((await world.EventsAsync()).Count, await host.ReadAsync(db =>
    {
        db.EnterOrganization(world.Organization.Id);
        return db.DirectoryUsers.CountAsync(Ct);
    }), await host.ReadAsync(db => db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(i => i.OrganizationId == world.Organization.Id, Ct)));
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryPreviewOnSqlite(SqliteIdp host) : DirectoryPreviewTests(host);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class DirectoryPreviewOnPostgreSql(PostgreSqlIdp host) : DirectoryPreviewTests(host);
