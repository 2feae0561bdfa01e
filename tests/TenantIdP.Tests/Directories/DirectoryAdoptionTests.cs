using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Whom a directory may take over, and what of them it may change.</summary>
public abstract class DirectoryAdoptionTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "E3")]
    public async Task Outside_the_verified_domains_nobody_is_taken_over_and_whether_there_is_somebody_does_not_show()
    {
        var world = await ScimWorld.NewAsync(host);
        var victim = await host.CreateUserAsync($"{host.Unique("victim")}@elsewhere.test", Ct);

        var known = await world.Scim.PostAsync("/Users", world.User("a", email: victim.Emails[0].Address), Ct);
        var unknown = await world.Scim.PostAsync("/Users", world.User("b", email: $"{host.Unique("nobody")}@elsewhere.test"), Ct);

        Assert.Equal((HttpStatusCode.BadRequest, "invalidValue"), (known.Status, known.ScimType));
        Assert.Contains("email_domain_not_allowed", known.Detail, StringComparison.Ordinal);
        Assert.Equal(unknown.Body.GetRawText(), known.Body.GetRawText());
        Assert.Equal(2, (await world.EventsAsync()).Count(e => e == EventTypes.DirectoryUserRefused));
        Assert.Equal(0, await MembersAsync(world));
    }

    [Fact]
    public async Task Who_was_invited_gets_what_they_were_invited_to_and_the_invitation_is_used_up()
    {
        var world = await ScimWorld.NewAsync(host);
        var invited = (await host.UseAsync<InvitationService, InvitationResult>(
            s => s.CreateAsync(world.Organization.Id, new NewInvitation(world.Address("jane"), [BuiltInRoles.Guest]), Granter.Instance, Ct), world.Organization.Id)).Invitation!; // nobody's address

        var made = await world.CreateAsync("jane");
        await world.CreateAsync("john");

        var role = Assert.Single((await world.RowsAsync(made.Id)).Membership.Roles);
        Assert.Equal((RoleSource.Invitation, invited.Id.ToString()), (role.Source, role.SourceId));
        Assert.Equal(2, (await world.EventsAsync()).Count(e => e == EventTypes.MemberJoined));
        Assert.Single(await world.EventsAsync(), EventTypes.InvitationAccepted);
    }

    [Fact]
    public async Task An_organization_that_takes_only_its_own_domains_takes_new_people_of_its_directory_inside_them()
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Guest });
        await host.UseAsync<OrganizationService, Organization>(
            s => s.UpdateAsync(world.Organization.Id, new OrganizationChanges { MembershipDomains = MembershipDomains.VerifiedOnly }, Granter.Instance, null, Ct));

        var inside = await world.CreateAsync("jane");
        var outside = await world.Scim.PostAsync("/Users", world.User("john", email: $"{host.Unique("john")}@elsewhere.test"), Ct);

        Assert.NotNull(Assert.Single((await world.RowsAsync(inside.Id)).User.Emails).VerifiedAt);
        Assert.True((int)outside.Status is >= 400 and < 500, outside.Detail);
        Assert.Contains(MemberErrors.EmailDomainNotAllowed.Code, outside.Detail, StringComparison.Ordinal);
        Assert.Equal(1, await MembersAsync(world));
    }

    [Theory]
    [InlineData(OutsideDomains.Guest, MembershipStatus.Active, "guest")]
    [InlineData(OutsideDomains.Invite, MembershipStatus.Pending, "member")]
    [Trait("Attack", "E3")]
    public async Task Where_others_are_let_in_they_are_somebody_new_whose_address_proves_nothing(OutsideDomains outside, MembershipStatus status, string role)
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = outside });
        var victim = await host.CreateUserAsync($"{host.Unique("victim")}@elsewhere.test", Ct);

        var made = await world.Scim.PostAsync("/Users", world.User("a", email: victim.Emails[0].Address), Ct);

        Assert.True(made.Status == HttpStatusCode.Created, made.Detail);
        var rows = await world.RowsAsync(made.Id);
        Assert.NotEqual(victim.Id, rows.User.Id);
        Assert.Null(Assert.Single(rows.User.Emails).VerifiedAt);
        Assert.Equal(status, rows.Membership.Status);
        Assert.Equal([role], await world.RolesAsync(made.Id));
        Assert.Empty(await host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.UserId == victim.Id).ToListAsync(Ct)));

        // Deactivated and back, nobody has consented meanwhile.
        foreach (var active in new[] { "false", "true" }) await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch($$"""{"op":"replace","path":"active","value":{{active}}}"""), Ct);
        Assert.Equal(status, (await world.RowsAsync(made.Id)).Membership.Status);
    }

    [Fact]
    public async Task An_account_in_a_domain_that_the_organization_holds_is_taken_over_and_one_of_a_member_wherever_the_address_is()
    {
        var world = await ScimWorld.NewAsync(host);
        var (inside, consultant) = (await host.CreateUserAsync(world.Address("ann"), Ct, "Ann Herself"), await host.CreateUserAsync($"{host.Unique("consultant")}@elsewhere.test", Ct));
        await host.AddMemberAsync(world.Organization, consultant, Ct, "admin");

        var ann = await world.CreateAsync("ann", "\"displayName\":\"Ann of the directory\"");
        var other = await world.Scim.PostAsync("/Users", world.User("consultant", email: consultant.Emails[0].Address), Ct);

        Assert.Equal((inside.Id, consultant.Id), ((await world.RowsAsync(ann.Id)).User.Id, (await world.RowsAsync(other.Id)).User.Id));
        Assert.Equal(["admin"], await world.RolesAsync(other.Id));
        // An account that somebody else has made keeps its own name; here they are called what the directory says.
        var rows = await world.RowsAsync(ann.Id);
        Assert.Equal(("Ann Herself", "Ann of the directory"), (rows.User.Name, rows.Membership.NameOverlay));
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task A_domain_proven_by_less_than_DNS_takes_over_nobody()
    {
        var world = await ScimWorld.NewAsync(host);
        await host.CreateUserAsync(world.Address("ann"), Ct);
        await host.ReadAsync(async db =>
        {
            db.EnterOrganization(world.Organization.Id);
            return await db.Domains.ExecuteUpdateAsync(set => set.SetProperty(d => d.VerifiedBy, VerificationMethod.MetaTag), Ct);
        });

        var taken = await world.Scim.PostAsync("/Users", world.User("ann"), Ct);
        var free = await world.CreateAsync("bob");

        Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (taken.Status, taken.ScimType));
        Assert.Contains("email_taken", taken.Detail, StringComparison.Ordinal);
        Assert.NotNull(Assert.Single((await world.RowsAsync(free.Id)).User.Emails).VerifiedAt);
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task An_operator_of_the_instance_is_taken_over_by_no_directory()
    {
        var world = await ScimWorld.NewAsync(host);
        var user = await host.CreateUserAsync(world.Address("root"), Ct);
        await host.ReadAsync(db => db.Users.Where(u => u.Id == user.Id).ExecuteUpdateAsync(set => set.SetProperty(u => u.IsOperator, true), Ct));

        var refused = await world.Scim.PostAsync("/Users", world.User("root"), Ct);

        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("person_unavailable", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await MembersAsync(world));
    }

    [Fact]
    public async Task The_directory_renames_and_readdresses_accounts_that_are_the_organizations_alone()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Smith\"}");

        await PatchAsync(world, made.Id, Email(world.Address("ann.jones")), """{"op":"replace","path":"name.familyName","value":"Jones"}""");

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal(("Ann Jones", "Jones", "Ann Jones"), (rows.User.Name, rows.User.FamilyName, rows.Membership.NameOverlay));
        var email = Assert.Single(rows.User.Emails);
        Assert.Equal((world.Address("ann.jones"), true), (email.Address, email.VerifiedAt is not null));
    }

    [Fact]
    public async Task Of_an_account_that_is_in_another_organization_too_only_this_membership_changes()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"displayName\":\"Ann Smith\"");
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), (await world.RowsAsync(made.Id)).User, Ct);

        await PatchAsync(world, made.Id, Email(world.Address("ann.jones")), """{"op":"replace","path":"displayName","value":"Ann Jones"}""");

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal(("Ann Smith", world.Address("ann"), "Ann Jones"), (rows.User.Name, Assert.Single(rows.User.Emails).Address, rows.Membership.NameOverlay));
        Assert.Equal(world.Address("ann.jones"), (await world.Scim.GetAsync($"/Users/{made.Id}", Ct)).Body.GetProperty("emails")[0].GetProperty("value").GetString());
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task An_address_is_not_changed_to_one_outside_the_domains_nor_to_one_that_somebody_has()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        var stranger = await host.CreateUserAsync(world.Address("stranger"), Ct);

        var outside = await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch(Email("attacker@evil.test")), Ct);
        var replaced = await world.Scim.PutAsync($"/Users/{made.Id}", world.User("ann", email: "attacker@evil.test"), Ct);
        var taken = await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch(Email(stranger.Emails[0].Address)), Ct);

        Assert.All([outside, replaced], r => Assert.Equal((HttpStatusCode.BadRequest, "invalidValue"), (r.Status, r.ScimType)));
        Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (taken.Status, taken.ScimType));
        Assert.Equal(2, (await world.EventsAsync()).Count(e => e == EventTypes.DirectoryUserRefused));
        var rows = await world.RowsAsync(made.Id);
        Assert.Equal((world.Address("ann"), world.Address("ann"), made.ETag), (Assert.Single(rows.User.Emails).Address, rows.Row.PrimaryEmail, (await world.Scim.GetAsync($"/Users/{made.Id}", Ct)).ETag));
    }

    [Fact]
    [Trait("Attack", "E3")]
    public async Task Where_others_are_let_in_a_new_address_takes_no_verified_ones_place()
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Guest });
        var made = await world.CreateAsync("ann");
        var victim = await host.CreateUserAsync($"{host.Unique("victim")}@elsewhere.test", Ct);

        await PatchAsync(world, made.Id, Email(victim.Emails[0].Address));

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal(world.Address("ann"), Assert.Single(rows.User.Emails).Address);
        Assert.Equal(victim.Emails[0].Address, rows.Row.PrimaryEmail);
    }

    [Fact]
    public async Task A_directory_that_owns_no_profile_changes_none()
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OwnsProfile = false });
        var made = await world.CreateAsync("ann", "\"displayName\":\"Ann Smith\"");

        await PatchAsync(world, made.Id, Email(world.Address("ann.jones")), """{"op":"replace","path":"displayName","value":"Ann Jones"}""");

        var rows = await world.RowsAsync(made.Id);
        Assert.Equal(("Ann Smith", world.Address("ann"), null), (rows.User.Name, Assert.Single(rows.User.Emails).Address, rows.Membership.NameOverlay));
        Assert.Equal("Ann Jones", rows.Row.DisplayName);
    }

    [Fact]
    public async Task The_same_person_in_two_organizations_is_a_user_of_both_and_one_of_them_ends_nothing_of_the_other()
    {
        var (one, two) = (await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Guest }));
        var first = await one.CreateAsync("ann");
        await host.AddMemberAsync(two.Organization, (await one.RowsAsync(first.Id)).User, Ct);
        var second = await two.Scim.PostAsync("/Users", two.User("ann", email: one.Address("ann")), Ct);
        Assert.Equal((await one.RowsAsync(first.Id)).User.Id, (await two.RowsAsync(second.Id)).User.Id);

        await two.Scim.DeleteAsync($"/Users/{second.Id}", Ct);

        Assert.Equal((MembershipStatus.Active, MembershipStatus.Removed), ((await one.RowsAsync(first.Id)).Membership.Status, (await two.RowsAsync(second.Id)).Membership.Status));
        Assert.Equal(1, (await one.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Fact]
    public async Task Two_accounts_that_become_one_stay_one_user_of_the_directory_and_an_erased_person_is_none()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        var (from, into) = ((await world.RowsAsync(made.Id)).User.Id, (await host.CreateUserAsync($"{host.Unique("into")}@elsewhere.test", Ct)).Id);

        await host.UseAsync<UserMerge, MergePlan>(s => s.MergeAsync(into, from, Ct));
        var rows = await world.RowsAsync(made.Id);
        Assert.Equal((into, into), (rows.User.Id, rows.Row.UserId));
        await host.UseAsync<UserErasure, User>(s => s.EraseAsync(into, into, Ct));

        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.GetAsync($"/Users/{made.Id}", Ct)).Status);
        Assert.Equal(HttpStatusCode.Created, (await world.Scim.PostAsync("/Users", world.User("ann"), Ct)).Status);
    }

    [Fact]
    public async Task A_persons_export_has_what_directories_say_of_them()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"title\":\"Engineer\"");
        var user = (await world.RowsAsync(made.Id)).User.Id;

        var before = Assert.Single((await host.UseAsync<UserExport, ExportedUser>(s => s.ExportAsync(user, Ct))).DirectoryUsers);
        await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);
        var after = Assert.Single((await host.UseAsync<UserExport, ExportedUser>(s => s.ExportAsync(user, Ct))).DirectoryUsers);

        Assert.Equal((made.Id, "Engineer", world.Organization.Id), (before.Id.ToString(), before.Resource?.GetProperty("title").GetString(), before.OrganizationId));
        Assert.Equal((world.Address("ann"), null, true), (after.UserName, after.Resource, after.DeletedAt is not null));
    }

    [Fact]
    public async Task With_the_directory_its_word_about_names_ends_and_with_the_organization_the_people_whom_it_alone_made()
    {
        var world = await ScimWorld.NewAsync(host);
        var organization = world.Organization.Id;
        var made = await world.CreateAsync("ann", "\"displayName\":\"Ann\"");
        var rows = await world.RowsAsync(made.Id);
        Assert.True(rows.Membership.IsNameOfDirectory);
        var next = world with { Directory = await host.CreateDirectoryAsync(world.Organization, Ct) };
        var other = await next.CreateAsync("bob");
        var bob = (await next.RowsAsync(other.Id)).User.Id;

        await host.UseAsync<DirectoryDeletion, DirectoryImpact>(s => s.DeleteAsync(organization, world.Directory.Directory.Id, null, Ct), organization);
        var membership = await host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(m => m.Id == rows.Membership.Id, Ct));
        Assert.Equal((false, "Ann", MembershipStatus.Active), (membership.IsNameOfDirectory, membership.NameOverlay, membership.Status));

        await host.UseAsync<OrganizationDeletion, Organization>(s => s.DeleteAsync(organization, null, Ct));
        await host.InScopeAsync<OrganizationDeletion, TenantIdP.Core.Kernel.Result>(s => s.PurgeAsync(organization, world.Organization.Slug.Value, Ct));
        Assert.False(await host.ReadAsync(db => db.Users.AnyAsync(u => u.Id == bob, Ct)));
    }

    private static string Email(string address) => $$"""{"op":"replace","path":"emails[type eq \"work\"].value","value":"{{address}}"}""";

    private static async Task PatchAsync(ScimWorld world, string id, params string[] operations)
    {
        var reply = await world.Scim.PatchAsync($"/Users/{id}", ScimWorld.Patch(operations), Ct);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Detail);
    }

    private Task<int> MembersAsync(ScimWorld world) => host.ReadAsync(db =>
    {
        db.EnterOrganization(world.Organization.Id);
        return db.Memberships.CountAsync(m => m.OrganizationId == world.Organization.Id, Ct);
    });
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryAdoptionOnSqlite(SqliteIdp host) : DirectoryAdoptionTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DirectoryAdoptionOnPostgreSql(PostgreSqlIdp host) : DirectoryAdoptionTests(host);
