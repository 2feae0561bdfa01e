using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Invitations;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>People outside the verified domains whom a directory pushes are asked by mail, and are members when they have said yes.</summary>
public abstract class DirectoryInvitationTests(IdpHost host)
{
    private const string Off = """{"op":"replace","path":"active","value":false}""", On = """{"op":"replace","path":"active","value":true}""";

    private readonly InvitationScene scene = new(host);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Outside() => $"{host.Unique("outside")}@partner.test";

    private Task<ScimWorld> WorldAsync() => ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Invite });

    [Fact]
    public async Task Who_says_yes_is_the_pending_member_with_the_default_role_and_what_the_groups_give()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address, "\"displayName\":\"Ann of the directory\"");
        Assert.True(made.Body.GetProperty("active").GetBoolean());
        await MapAsync(world, made.Id, BuiltInRoles.Admin);
        var before = await world.RowsAsync(made.Id);
        Assert.Equal(MembershipStatus.Pending, before.Membership.Status);
        var asked = Assert.Single(await InvitationsAfterAsync(world, address));
        Assert.Equal((ActorKind.Directory, world.Directory.Directory.Id.ToString()), (asked.InviterKind, asked.InviterId));

        var page = await AcceptAsync(address);

        Assert.Contains($"Welcome to {world.Organization.DisplayName}", page.Text, StringComparison.Ordinal);
        var rows = await world.RowsAsync(made.Id);
        Assert.Equal((before.Membership.Id, MembershipStatus.Active, "Ann of the directory"), (rows.Membership.Id, rows.Membership.Status, rows.Membership.NameOverlay));
        Assert.Equal(["admin", "member"], await world.RolesAsync(made.Id));
        Assert.Equal((await scene.UserAsync(address, Ct), rows.Row.UserId), (rows.User.Id, rows.User.Id));
        Assert.Equal(rows.User.Id, await host.ReadAsync(db => db.Users.Where(u => u.Id == before.User.Id && u.Status == UserStatus.Merged).Select(u => u.MergedInto).SingleAsync(Ct)));
        Assert.Equal(InvitationStatus.Accepted, (await scene.ReadAsync(asked, Ct)).Status);
        Assert.Contains(EventTypes.MemberActivated, await world.EventsAsync());
        Assert.Single(await scene.MembersAsync(world.Organization, Ct));

        // From now on the directory ends it as any other.
        await PatchAsync(world, made.Id, Off);
        Assert.Equal(MembershipStatus.Deactivated, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task Who_has_an_account_keeps_it_and_gets_the_membership()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var user = await host.CreateUserAsync(address, Ct, "Ann Herself");
        var elsewhere = await host.CreateOrganizationAsync(Ct);
        await host.AddMemberAsync(elsewhere, user, Ct, "guest");
        var made = await PushAsync(world, "ann", address);

        await AcceptAsync(address, IdpHost.Password);

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal((user.Id, "Ann Herself", MembershipStatus.Active), (rows.User.Id, rows.User.Name, rows.Membership.Status));
        Assert.Equal(["member"], await world.RolesAsync(made.Id));
        Assert.Equal(["guest Api"], await scene.RolesAsync(elsewhere, user.Id, Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_directory_ends_it_the_link_is_dead_and_when_it_comes_back_there_is_a_new_one(bool deleted)
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        var link = await scene.LinkAsync(address, Ct);

        if (deleted) await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);
        else await PatchAsync(world, made.Id, Off);
        Assert.Equal(InvitationStatus.Revoked, Assert.Single(await InvitationsAsync(world)).Status);
        using (var browser = new WebBrowser()) Assert.Contains("taken back", (await browser.GetAsync(link, Ct)).Text, StringComparison.Ordinal);

        if (deleted) await PushAsync(world, "ann", address);
        else await PatchAsync(world, made.Id, On);
        var again = await scene.LinkAsync(address, Ct, mails: 2);
        Assert.NotEqual(link, again);
        await AcceptAsync(address, mails: 2);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
        Assert.Single(await InvitationsAsync(world));
    }

    [Fact]
    public async Task A_directory_that_goes_on_and_off_mails_no_more_than_may_be_sent_again()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        for (var sent = 1; sent <= 6; sent++)
        {
            Assert.Equal(sent, (await host.MailsToAsync(address, sent, Ct)).Count);
            await PatchAsync(world, made.Id, Off);
            await PatchAsync(world, made.Id, On);
        }

        await HeldAsync(made.Id);
        Assert.Equal(6, (await host.MailsToAsync(address, 6, Ct)).Count); // the first, and five times again
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task A_limit_of_invitations_refuses_no_push_and_the_mail_follows_when_it_may()
    {
        var (world, address, later) = (await WorldAsync(), Outside(), TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds());
        var name = $"invitations {world.Organization.Id}";
        await host.ReadAsync(db => db.Database.ExecuteSqlAsync($"INSERT INTO tallies (name, count, expires_at) VALUES ({name}, 1000000, {later})", Ct));

        var made = await PushAsync(world, "ann", address);
        await HeldAsync(made.Id);
        Assert.Empty(await InvitationsAsync(world));

        var now = TimeProvider.System.GetUtcNow();
        await host.ReadAsync(db => db.Tallies.Where(t => t.Name == name).ExecuteDeleteAsync(Ct));
        await host.ReadAsync(db => Messages(db, made.Id).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now), Ct));
        await AcceptAsync(address);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task Who_says_no_stays_pending_and_is_not_asked_again_by_a_directory()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        using (var browser = new WebBrowser()) await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(address, Ct), Ct), "decline", Ct);

        await PatchAsync(world, made.Id, Off);
        await PatchAsync(world, made.Id, On);
        await SettledAsync(made.Id);

        Assert.Equal(InvitationStatus.Declined, Assert.Single(await InvitationsAsync(world)).Status);
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);
        // A person may ask, and the same membership is active with what was offered beside.
        await scene.InviteAsync(world.Organization, address, Ct, "guest");
        await AcceptAsync(address, mails: 2);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
        Assert.Equal(["guest", "member"], await world.RolesAsync(made.Id));
    }

    [Fact]
    public async Task One_that_has_expired_leaves_them_pending_and_can_be_sent_again()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        var asked = Assert.Single(await InvitationsAfterAsync(world, address));
        await scene.ExpireAsync(asked, Ct);
        using (var browser = new WebBrowser()) Assert.Contains("expired", (await browser.GetAsync(await scene.LinkAsync(address, Ct), Ct)).Text, StringComparison.Ordinal);
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);

        await PatchAsync(world, made.Id, Off);
        await PatchAsync(world, made.Id, On);
        await AcceptAsync(address, mails: 2);

        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task A_new_address_is_asked_and_the_old_one_no_more()
    {
        var (world, first, second) = (await WorldAsync(), Outside(), Outside());
        var made = await PushAsync(world, "ann", first);
        var old = await scene.LinkAsync(first, Ct);

        await PatchAsync(world, made.Id, $$"""{"op":"replace","path":"emails[type eq \"work\"].value","value":"{{second}}"}""");

        using (var browser = new WebBrowser()) Assert.Contains("taken back", (await browser.GetAsync(old, Ct)).Text, StringComparison.Ordinal);
        await AcceptAsync(second);
        Assert.Equal(await scene.UserAsync(second, Ct), (await world.RowsAsync(made.Id)).User.Id);
    }

    [Fact]
    public async Task An_address_that_somebody_has_invited_already_gets_no_second_mail_and_that_link_opens_the_membership()
    {
        var (world, address) = (await WorldAsync(), Outside());
        await scene.InviteAsync(world.Organization, address, Ct, "admin");
        await scene.LinkAsync(address, Ct);

        var made = await PushAsync(world, "ann", address);
        await SettledAsync(made.Id);
        Assert.Single(await InvitationsAsync(world));
        await AcceptAsync(address);

        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
        Assert.Equal(["admin", "member"], await world.RolesAsync(made.Id));
        Assert.Single(await scene.MembersAsync(world.Organization, Ct));
    }

    [Fact]
    public async Task Whom_an_admin_removes_no_link_of_the_directory_lets_in()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        var link = await scene.LinkAsync(address, Ct);

        var member = (await world.RowsAsync(made.Id)).Membership.Id;
        Assert.True((await host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(world.Organization.Id, member, Granter.Instance, Ct), world.Organization.Id)).IsOk);

        using (var browser = new WebBrowser()) Assert.Contains("taken back", (await browser.GetAsync(link, Ct)).Text, StringComparison.Ordinal);
        Assert.Equal(InvitationStatus.Revoked, Assert.Single(await InvitationsAsync(world)).Status);
        Assert.Equal(MembershipStatus.Removed, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task Somebody_who_was_removed_meanwhile_stays_removed()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var made = await PushAsync(world, "ann", address);
        await host.MailsToAsync(address, 1, Ct);
        var user = await host.CreateUserAsync(address, Ct);
        var member = await host.AddMemberAsync(world.Organization, user, Ct);
        await host.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(world.Organization.Id, member.Membership.Id, Granter.Instance, Ct), world.Organization.Id);

        await AcceptAsync(address, IdpHost.Password);

        Assert.Equal(MembershipStatus.Removed, (await scene.MembersAsync(world.Organization, Ct)).Single(m => m.UserId == user.Id).Status);
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task The_domains_that_the_organization_takes_count_when_they_are_asked_and_when_they_answer()
    {
        var world = await WorldAsync();
        var domain = $"{host.Unique("listed")}.test";
        await DomainsAsync(world, MembershipDomains.List, domain);
        var (listed, other) = ($"ann@{domain}", Outside());

        var refused = await world.Scim.PostAsync("/Users", world.User("bob", email: other), Ct);
        var made = await PushAsync(world, "ann", listed);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains(MemberErrors.EmailDomainNotAllowed.Code, refused.Detail, StringComparison.Ordinal);
        await host.MailsToAsync(listed, 1, Ct);
        await DomainsAsync(world, MembershipDomains.VerifiedOnly);
        await AcceptAsync(listed);
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);

        await DomainsAsync(world, MembershipDomains.Any);
        await AcceptAsync(listed);
        Assert.Equal(MembershipStatus.Active, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    [Trait("Attack", "C3")]
    public async Task Nobody_else_accepts_it_even_where_other_addresses_may_ask()
    {
        var (world, address) = (await WorldAsync(), Outside());
        await host.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(world.Organization.Id, new OrganizationChanges { AllowDifferentEmail = true }, Granter.Instance, null, Ct));
        var made = await PushAsync(world, "ann", address);
        var (browser, _) = await host.SignedInAsync(await host.CreateUserAsync(Outside(), Ct), Ct);
        using var theirs = browser;

        var page = await theirs.GetAsync(await scene.LinkAsync(address, Ct), Ct);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Null(page.Document.QuerySelector("button[value='ask']"));
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task A_membership_that_somebody_else_has_made_pending_is_not_the_directorys_to_open()
    {
        var (world, address) = (await WorldAsync(), Outside());
        var user = await host.CreateUserAsync(address, Ct);
        await host.UseAsync<MemberService, Member>(s => s.AddAsync(world.Organization.Id, user.Id, [BuiltInRoles.Owner], true, Granter.Instance, Ct), world.Organization.Id);
        var made = await PushAsync(world, "ann", address);
        Assert.Equal(user.Id, (await world.RowsAsync(made.Id)).User.Id);

        await PatchAsync(world, made.Id, Off);
        await PatchAsync(world, made.Id, On);
        await SettledAsync(made.Id);

        Assert.Empty(await InvitationsAsync(world));
        Assert.Equal(MembershipStatus.Pending, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task With_the_directory_what_it_has_asked_ends()
    {
        var (world, address) = (await WorldAsync(), Outside());
        await PushAsync(world, "ann", address);
        await host.MailsToAsync(address, 1, Ct);

        await host.UseAsync<DirectoryDeletion, DirectoryImpact>(s => s.DeleteAsync(world.Organization.Id, world.Directory.Directory.Id, null, Ct), world.Organization.Id);

        Assert.Equal(InvitationStatus.Revoked, Assert.Single(await InvitationsAsync(world)).Status);
        Assert.Equal(MembershipStatus.Pending, Assert.Single(await scene.MembersAsync(world.Organization, Ct)).Status);
    }

    private static async Task<ScimReply> PushAsync(ScimWorld world, string local, string address, string? more = null)
    {
        var made = await world.Scim.PostAsync("/Users", world.User(local, more, address), Ct);
        Assert.True(made.Status == HttpStatusCode.Created, made.Detail);
        return made;
    }

    private static async Task PatchAsync(ScimWorld world, string id, string operation)
    {
        var reply = await world.Scim.PatchAsync($"/Users/{id}", ScimWorld.Patch(operation), Ct);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Detail);
    }

    private async Task MapAsync(ScimWorld world, string user, string role)
    {
        var group = await world.Scim.PostAsync("/Groups", $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Admins","members":[{"value":"{{user}}"}]}""", Ct);
        var id = Id<DirectoryGroup>.Parse(group.Id, null);
        await host.UseAsync<GroupMappingService, GroupMappingView>(
            s => s.CreateAsync(world.Organization.Id, world.Directory.Directory.Id, new NewGroupMapping(id, role, null), Granter.Instance, Ct), world.Organization.Id);
    }

    /// <summary>From the newest mail: by the password of an account that there is, or a new one.</summary>
    private async Task<WebPage> AcceptAsync(string address, string? password = null, int mails = 1)
    {
        using var browser = new WebBrowser();
        var page = await scene.AnswerAsync(browser, await browser.GetAsync(await scene.LinkAsync(address, Ct, mails), Ct), "accept", Ct);
        var fields = password is null ? new Dictionary<string, string> { ["name"] = "Ann Example", ["password"] = InvitationScene.NewPassword } : new Dictionary<string, string> { ["password"] = password };
        return await browser.SubmitAsync(page, fields, Ct);
    }

    private Task DomainsAsync(ScimWorld world, MembershipDomains which, params string[] list) => host.UseAsync<OrganizationService, Organization>(
        s => s.UpdateAsync(world.Organization.Id, new OrganizationChanges { MembershipDomains = which, MembershipDomainList = new Patch<IReadOnlyList<string>>(list) }, Granter.Instance, null, Ct));

    private async Task<List<Invitation>> InvitationsAfterAsync(ScimWorld world, string address)
    {
        await host.MailsToAsync(address, 1, Ct);
        return await InvitationsAsync(world);
    }

    private Task<List<Invitation>> InvitationsAsync(ScimWorld world) => host.ReadAsync(db =>
    {
        db.EnterOrganization(world.Organization.Id);
        return db.Invitations.AsNoTracking().Where(i => i.OrganizationId == world.Organization.Id).ToListAsync(Ct);
    });

    private static IQueryable<OutboxMessage> Messages(Core.IdpDbContext db, string user) =>
        db.OutboxMessages.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(m => m.OrderingKey == $"{DirectoryInvitation.Kind}:{user}");

    /// <summary>Everything that the pushes asked for was looked at, and is done with.</summary>
    private Task SettledAsync(string user) =>
        Waiting.UntilAsync(async () => await host.ReadAsync(db => Messages(db, user).AllAsync(m => m.State == OutboxState.Delivered, Ct)), TimeSpan.FromSeconds(30), "the wish to ask is settled", Ct);

    /// <summary>It was looked at and waits for more than a moment.</summary>
    private Task HeldAsync(string user)
    {
        var soon = TimeProvider.System.GetUtcNow().AddMinutes(30);
        return Waiting.UntilAsync(
            async () => await host.ReadAsync(db => Messages(db, user).AnyAsync(m => m.State == OutboxState.Pending && m.ClaimedBy == null && m.DueAt > soon, Ct)), TimeSpan.FromSeconds(30), "it waits", Ct);
    }
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryInvitationsOnSqlite(SqliteIdp host) : DirectoryInvitationTests(host);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class DirectoryInvitationsOnPostgreSql(PostgreSqlIdp host) : DirectoryInvitationTests(host);
