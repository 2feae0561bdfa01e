using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Members;

public abstract class OwnershipTransferTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<HttpResponseMessage> TransferAsync(HttpClient api, Id<Organization> organization, Member to, bool keepOwner = false) =>
        await api.PostAsJsonAsync($"organizations/{organization}/members/transfer-ownership", new { toMemberId = to.Membership.Id.ToString(), keepOwner }, Ct);

    private async Task<string> RolesAsync(Id<Organization> organization, Id<User> user)
    {
        var id = await host.ReadAsync(organization, db => db.Memberships.Where(m => m.UserId == user).Select(m => m.Id).SingleAsync(Ct));
        var member = await host.UseAsync<MemberList, Result<Member>>(organization, m => m.FindAsync(organization, id, Ct));
        return string.Join(' ', member.Value!.Roles.Select(r => r.Key).Distinct()); // a member who exists
    }

    [Theory]
    [InlineData(false, "member")]
    [InlineData(true, "owner")]
    public async Task An_owner_passes_the_ownership_on_and_loses_or_keeps_it(bool keep, string left)
    {
        var (owner, other) = (await host.NewUserAsync(Ct), await host.NewUserAsync(Ct));
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var to = await host.NewMemberAsync(organization, BuiltInRoles.Guest, Ct, other);
        using var api = await host.AsUserAsync(owner, organization, Ct);

        Assert.Equal(HttpStatusCode.OK, (await TransferAsync(api, organization, to, keep)).StatusCode);

        Assert.Equal((left, "guest owner"), (await RolesAsync(organization, owner), await RolesAsync(organization, other)));
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == EventTypes.OwnershipTransferred, Ct)));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_but_an_owner_passes_it_on_and_nobody_gets_it_who_could_not_act()
    {
        var (owner, admin, suspended) = (await host.NewUserAsync(Ct), await host.NewUserAsync(Ct), await host.NewUserAsync(Ct));
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var mine = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct, admin);
        var theirs = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, suspended);
        var gone = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        Assert.True((await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(suspended, Ct))).IsOk);
        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, m => m.DeactivateAsync(organization, gone.Membership.Id, Granter.Instance, Ct))).IsOk);
        using var asAdmin = await host.AsUserAsync(admin, organization, Ct);
        using var asOwner = await host.AsUserAsync(owner, organization, Ct);
        using var asOperator = host.AsOperator();

        await AssertProblem.IsAsync(await TransferAsync(asAdmin, organization, mine), HttpStatusCode.Forbidden, "owner_required", Ct);
        await AssertProblem.IsAsync(await TransferAsync(asOperator, organization, mine), HttpStatusCode.Forbidden, "owner_required", Ct);
        await AssertProblem.IsAsync(await TransferAsync(asOwner, organization, theirs), HttpStatusCode.Conflict, "member_not_active", Ct);
        await AssertProblem.IsAsync(await TransferAsync(asOwner, organization, gone), HttpStatusCode.Conflict, "member_not_active", Ct);
        var foreign = await host.NewMemberAsync(await host.NewOrganizationAsync(Ct), BuiltInRoles.Member, Ct);
        await AssertProblem.IsAsync(await TransferAsync(asOwner, organization, foreign), HttpStatusCode.NotFound, "member_not_found", Ct);
        Assert.Equal("owner", await RolesAsync(organization, owner));
    }

    [Fact]
    [Trait("Attack", "C11")]
    public async Task An_ownership_passed_to_two_at_once_goes_to_one()
    {
        for (var round = 0; round < 8; round++)
        {
            var owner = await host.NewUserAsync(Ct);
            var organization = await host.NewOrganizationAsync(Ct, owner);
            Member[] others = [await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct)];

            var results = await Task.WhenAll(others.Select(o => host.UseAsync<MemberService, Result<Member>>(organization, m => m.TransferOwnershipAsync(organization, owner, o.Membership.Id, false, Ct))));

            Assert.Single(results, r => r.IsOk);
            Assert.Contains(results, r => r.Error == MemberErrors.OwnerRequired);
        }
    }

    [Fact]
    public async Task An_operator_adds_a_person_by_a_verified_address_and_nobody_learns_who_has_one()
    {
        var (owner, person) = (await host.NewUserAsync(Ct), await host.NewUserAsync(Ct));
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var address = await host.ReadAsync(null, db => db.UserEmails.Where(e => e.UserId == person).Select(e => e.Address).SingleAsync(Ct));
        var claimed = await host.NewUserAsync(Ct, verified: false);
        var unverified = await host.ReadAsync(null, db => db.UserEmails.Where(e => e.UserId == claimed).Select(e => e.Address).SingleAsync(Ct));
        using var asOwner = await host.AsUserAsync(owner, organization, Ct);
        using var api = host.AsOperator();
        var members = $"organizations/{organization}/members";

        foreach (var asked in new[] { address, unverified, "nobody@example.test", "no address" })
            await AssertProblem.IsAsync(await asOwner.PostAsJsonAsync(members, new { email = asked }, Ct), HttpStatusCode.Forbidden, "invitation_required", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(members, new { email = unverified }, Ct), HttpStatusCode.BadRequest, "user_not_found", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(members, new { email = "no address" }, Ct), HttpStatusCode.BadRequest, "email_invalid", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(members, new { email = address, userId = person.ToString() }, Ct), HttpStatusCode.BadRequest, "validation_failed", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(members, new { }, Ct), HttpStatusCode.BadRequest, "validation_failed", Ct);
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsJsonAsync(members, new { email = address.ToUpperInvariant(), roles = new[] { "guest" } }, Ct)).StatusCode);
        Assert.Equal("guest", await RolesAsync(organization, person));
    }
}

public sealed class OwnershipTransferOnSqlite(SqliteManagement host) : OwnershipTransferTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OwnershipTransferOnPostgreSql(PostgreSqlManagement host) : OwnershipTransferTests(host), IClassFixture<PostgreSqlManagement>;
