using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Users;

public abstract class UserMergeTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<MergePlan>> MergeAsync(Id<User> into, Id<User> from) => host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.MergeAsync(into, from, Ct));

    private async Task<List<(Id<Organization> Organization, MembershipStatus Status, string Roles)>> MembershipsAsync(Id<User> user)
    {
        var page = await host.UseAsync<UserMemberships, Result<Page<UserMembership>>>(null, m => m.ListAsync(user, new PageRequest(50, null), Ct));
        return [.. page.Value!.Items.Select(m => (m.OrganizationId, m.Status, string.Join(' ', m.Roles.Select(r => $"{r.Key}:{r.Source}"))))]; // a user that exists
    }

    /// <summary>What a dry run must not touch.</summary>
    private Task<string> DumpAsync(params Id<User>[] users) => host.ReadAsync(null, async db =>
    {
        var all = db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => users.Contains(m.UserId));
        var targets = users.Select(u => u.ToString()).ToArray();
        return JsonSerializer.Serialize(new
        {
            users = await db.Users.AsNoTracking().Where(u => users.Contains(u.Id)).OrderBy(u => u.Id).Select(u => new { u.Status, u.Name, u.Version, u.ExternalId, u.AccessRevision }).ToListAsync(Ct),
            emails = await db.UserEmails.AsNoTracking().Where(e => users.Contains(e.UserId)).OrderBy(e => e.Id).Select(e => new { e.UserId, e.Address, e.IsPrimary }).ToListAsync(Ct),
            identities = await db.UserIdentities.AsNoTracking().Where(i => users.Contains(i.UserId)).OrderBy(i => i.Id).Select(i => new { i.Id, i.UserId }).ToListAsync(Ct),
            sessions = await db.Sessions.AsNoTracking().Where(s => users.Contains(s.UserId)).OrderBy(s => s.Id).Select(s => new { s.Id, s.UserId, s.EndedAt }).ToListAsync(Ct),
            memberships = await all.AsNoTracking().OrderBy(m => m.Id).Select(m => new { m.Id, m.UserId, m.Status, m.Version }).ToListAsync(Ct),
            events = await db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(e => targets.Contains(e.TargetId), Ct),
        });
    });

    private async Task EndAsync(Id<Organization> organization, Member member, bool remove)
    {
        if (remove) Assert.True((await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, member.Membership.Id, Granter.Instance, Ct))).IsOk);
        else Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, m => m.DeactivateAsync(organization, member.Membership.Id, Granter.Instance, Ct))).IsOk);
    }

    [Fact]
    public async Task Everything_moves_and_the_old_id_is_a_tombstone()
    {
        using var api = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var connection = await host.ConnectionAsync(organization, Ct);
        var into = await host.PersonAsync(Ct);
        var from = await host.PersonAsync(Ct, u => u with { ExternalId = ManagementHost.Unique("crm"), Password = PeopleScene.Password, Name = "Ann the Second" });
        var identity = await host.LinkAsync(from.Id, connection, Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct, from.Id);
        var session = await host.SessionAsync(from.Id, Ct, connection);
        var before = await DumpAsync(into.Id, from.Id);

        var plan = await api.AnswerAsync(HttpMethod.Post, $"users/{into.Id}/merge", new { from = from.Id.ToString(), dryRun = true }, Ct);
        Assert.Equal(before, await DumpAsync(into.Id, from.Id));
        var done = await api.AnswerAsync(HttpMethod.Post, $"users/{into.Id}/merge", new { from = from.Id.ToString() }, Ct);

        Assert.Equal(plan.GetRawText().Replace("\"dryRun\":true", "\"dryRun\":false", StringComparison.Ordinal), done.GetRawText());
        Assert.Equal(("moved", "moved", 1), (done.GetProperty("password").GetString(), done.GetProperty("externalId").GetString(), done.GetProperty("sessions").GetInt32()));
        Assert.Equal(identity.ToString(), Assert.Single(done.GetProperty("identities").EnumerateArray()).GetString());

        var survivor = await api.AnswerAsync(HttpMethod.Get, $"users/{into.Id}", null, Ct);
        Assert.Equal((from.ExternalId, "Ann Example"), (survivor.GetProperty("externalId").GetString(), survivor.GetProperty("name").GetString()));
        Assert.Equal(new[] { into.Emails[0].Address, from.Emails[0].Address }, survivor.GetProperty("emails").EnumerateArray().Select(e => e.GetProperty("address").GetString()));
        Assert.Single(survivor.GetProperty("emails").EnumerateArray(), e => e.GetProperty("primary").GetBoolean());
        Assert.Equal([(organization, MembershipStatus.Active, "admin:Api")], await MembershipsAsync(into.Id));
        Assert.Equal(member.Membership.Id, await host.ReadAsync(organization, db => db.Memberships.Where(m => m.UserId == into.Id).Select(m => m.Id).SingleAsync(Ct)));
        Assert.Empty(await MembershipsAsync(from.Id));
        Assert.False(await host.StandsAsync(session, Ct));
        Assert.Contains(from.Id.ToString(), host.Revoker.Ended);

        var tombstone = await api.AnswerAsync(HttpMethod.Get, $"users/{from.Id}", null, Ct);
        Assert.Equal(("merged", into.Id.ToString()), (tombstone.GetProperty("status").GetString(), tombstone.GetProperty("mergedInto").GetString()));
        Assert.Equal(JsonValueKind.Null, tombstone.GetProperty("name").ValueKind);
        var recorded = await host.ReadAsync(null, db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(e => e.Type == EventTypes.UserMerged && e.TargetId == into.Id.ToString(), Ct));
        Assert.Contains(from.Id.ToString(), recorded.Data, StringComparison.Ordinal);
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == EventTypes.MemberMerged, Ct)));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task Nothing_brings_a_merged_account_back()
    {
        using var api = host.AsOperator();
        var (into, from) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.True((await MergeAsync(into.Id, from.Id)).IsOk);

        foreach (var action in new[] { "suspend", "resume", "unlock" })
            await AssertProblem.IsAsync(await api.PostAsync($"users/{from.Id}/{action}", null, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"users/{from.Id}", new { name = "Back" }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{from.Id}/emails", new { address = PeopleScene.NewAddress() }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PutAsJsonAsync($"users/{from.Id}/password", new { password = PeopleScene.Password }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{into.Id}/merge", new { from = from.Id.ToString() }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{from.Id}/merge", new { from = into.Id.ToString() }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{from.Id}/erase", new { confirm = from.Id.ToString() }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"organizations/{organization}/members", new { userId = from.Id.ToString() }, Ct), HttpStatusCode.BadRequest, "user_not_found", Ct);
        var listed = await api.AnswerAsync(HttpMethod.Get, $"users?email={Uri.EscapeDataString(from.Emails[0].Address)}", null, Ct);
        Assert.Equal(into.Id.ToString(), Assert.Single(listed.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("active", "active", MembershipStatus.Active, "admin:Api member:Api", null)]
    [InlineData("active", "removed", MembershipStatus.Active, "member:Api", null)]
    [InlineData("removed", "active", MembershipStatus.Active, "admin:Api", null)]
    [InlineData("active", "deactivated", MembershipStatus.Active, "member:Api", "ended_roles_dropped")]
    [InlineData("deactivated", "active", MembershipStatus.Active, "admin:Api", "ended_roles_dropped")]
    [InlineData("deactivated", "removed", MembershipStatus.Removed, "", "stays_removed")]
    [InlineData("removed", "deactivated", MembershipStatus.Removed, "", "stays_removed")]
    [InlineData("deactivated", "deactivated", MembershipStatus.Deactivated, "admin:Api member:Api", null)]
    public async Task Two_memberships_of_one_organization_become_one(string mine, string theirs, MembershipStatus status, string roles, string? conflict)
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var (into, from) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        foreach (var (user, role, end) in new[] { (into, BuiltInRoles.Member, mine), (from, BuiltInRoles.Admin, theirs) })
        {
            var member = await host.NewMemberAsync(organization, role, Ct, user.Id);
            if (end != "active") await EndAsync(organization, member, end == "removed");
        }

        var planned = await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.PlanAsync(into.Id, from.Id, Ct));
        var merged = await MergeAsync(into.Id, from.Id);

        Assert.Equal((status, conflict, MergeOutcome.Combined), (merged.Value!.Memberships.Single().Status, merged.Value.Memberships.Single().Conflict, merged.Value.Memberships.Single().Outcome)); // it is Ok
        Assert.Equal(planned.Value!.Memberships, merged.Value.Memberships); // as above
        Assert.Equal([(organization, status, roles)], await MembershipsAsync(into.Id));
    }

    [Fact]
    public async Task A_merge_is_no_way_around_an_organization_whose_members_are_in_no_other()
    {
        var (exclusive, other) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        Assert.Null((await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(exclusive, new OrganizationChanges { ExclusiveMembership = true }, Granter.Instance, null, Ct))).Error);
        var (into, from, same) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        foreach (var (organization, user) in new[] { (exclusive, into), (other, from), (exclusive, same) }) await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, user.Id);

        Assert.Equal(MemberErrors.SingleOrganization, (await host.UseAsync<UserMerge, Result<MergePlan>>(null, m => m.PlanAsync(into.Id, from.Id, Ct))).Error);
        Assert.Equal(MemberErrors.SingleOrganization, (await MergeAsync(into.Id, from.Id)).Error);
        Assert.Equal(MemberErrors.SingleOrganization, (await MergeAsync(from.Id, into.Id)).Error);

        Assert.Equal([(other, MembershipStatus.Active, "member:Api")], await MembershipsAsync(from.Id));
        Assert.True((await MergeAsync(into.Id, same.Id)).IsOk); // one organization stays one
        Assert.Equal([(exclusive, MembershipStatus.Active, "member:Api")], await MembershipsAsync(into.Id));
    }

    [Fact]
    public async Task An_address_that_both_have_stays_verified_once()
    {
        var address = PeopleScene.NewAddress();
        var into = await host.PersonAsync(Ct, u => u with { Emails = [new(address, false)] });
        var from = await host.PersonAsync(Ct, u => u with { Emails = [new(address, true)] });

        Assert.Equal([new MergedEmail(address, MergeOutcome.Combined)], (await MergeAsync(into.Id, from.Id)).Value!.Emails); // it is Ok

        var left = await host.ReadAsync(null, db => db.UserEmails.SingleAsync(e => e.Normalized == address, Ct));
        Assert.True(left.UserId == into.Id && left.VerifiedAt is not null && left.IsPrimary);
    }

    [Fact]
    public async Task The_last_owner_stays_one_as_the_survivor()
    {
        var from = await host.PersonAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, from.Id);
        var into = await host.PersonAsync(Ct);
        var mine = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, into.Id);
        await EndAsync(organization, mine, remove: true);

        Assert.True((await MergeAsync(into.Id, from.Id)).IsOk);

        Assert.Equal([(organization, MembershipStatus.Active, "owner:Api")], await MembershipsAsync(into.Id));
        var suspended = await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(into.Id, Ct));
        Assert.Equal(MemberErrors.LastOwner, suspended.Error);
    }

    [Fact]
    public async Task Only_two_active_accounts_of_people_who_are_no_operators_are_merged()
    {
        using var api = host.AsOperator();
        var (person, suspended, @operator) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        Assert.True((await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(suspended.Id, Ct))).IsOk);
        await host.ReadAsync(null, db => db.Users.Where(u => u.Id == @operator.Id).ExecuteUpdateAsync(set => set.SetProperty(u => u.IsOperator, true), Ct));

        async Task RefusedAsync(Id<User> into, Id<User> from, HttpStatusCode status, string code)
        {
            foreach (var dryRun in new[] { true, false })
                await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{into}/merge", new { from = from.ToString(), dryRun }, Ct), status, code, Ct);
        }

        await RefusedAsync(person.Id, suspended.Id, HttpStatusCode.Conflict, "merge_not_active");
        await RefusedAsync(suspended.Id, person.Id, HttpStatusCode.Conflict, "merge_not_active");
        await RefusedAsync(person.Id, @operator.Id, HttpStatusCode.Conflict, "merge_operator");
        await RefusedAsync(@operator.Id, person.Id, HttpStatusCode.Conflict, "merge_operator");
        await RefusedAsync(person.Id, person.Id, HttpStatusCode.BadRequest, "merge_with_itself");
        await RefusedAsync(Id<User>.New(DateTimeOffset.UnixEpoch), person.Id, HttpStatusCode.NotFound, "user_not_found");
    }

    [Fact]
    public async Task Two_accounts_merged_into_each_other_at_once_leave_one()
    {
        for (var round = 0; round < 8; round++)
        {
            var (one, other) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
            var organization = await host.NewOrganizationAsync(Ct, one.Id);
            await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, other.Id);

            var results = await Task.WhenAll(MergeAsync(one.Id, other.Id), MergeAsync(other.Id, one.Id));

            Assert.Single(results, r => r.IsOk);
            Assert.Contains(results, r => r.Error == UserErrors.Ended);
            Assert.Equal(1, await host.ReadAsync(null, db => db.Users.CountAsync(u => (u.Id == one.Id || u.Id == other.Id) && u.Status == UserStatus.Active, Ct)));
        }
    }

    [Fact]
    public async Task A_member_added_while_their_account_is_merged_is_the_survivors_or_refused()
    {
        for (var round = 0; round < 8; round++)
        {
            var (into, from) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
            var organization = await host.NewOrganizationAsync(Ct);

            var adding = host.UseAsync<MemberService, Result<Member>>(organization, m => m.AddAsync(organization, from.Id, [], Granter.Instance, Ct));
            var merging = MergeAsync(into.Id, from.Id);
            var (added, merged) = (await adding, await merging);

            Assert.True(merged.IsOk || merged.Error == VersionErrors.ChangedMeanwhile, merged.Error?.Code);
            var holder = await host.ReadAsync(organization, db => db.Memberships.Select(m => (Id<User>?)m.UserId).SingleOrDefaultAsync(Ct));
            Assert.Equal(!added.IsOk ? null : merged.IsOk ? into.Id : from.Id, holder);
        }
    }
}

public sealed class UserMergeOnSqlite(SqliteManagement host) : UserMergeTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserMergeOnPostgreSql(PostgreSqlManagement host) : UserMergeTests(host), IClassFixture<PostgreSqlManagement>;
