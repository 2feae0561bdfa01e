using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using TenantIdP.Tests.Users;
using Xunit;

namespace TenantIdP.Tests.Joining;

/// <summary>Admins decide about the people who ask.</summary>
public abstract class JoinRequestEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(Id<Organization> Organization, Id<OrganizationDomain> Domain, string Host, HttpClient Admin);

    private async Task<Scene> NewSceneAsync(string role = BuiltInRoles.Admin)
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var name = $"{ManagementHost.Unique("d")}.example.org";
        var claimed = (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, name, false, Ct))).Value!; // valid input
        await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.VerifyByOperatorAsync(organization, claimed.Id, "test", Ct));
        using var instance = host.AsOperator();
        await instance.AnswerAsync(HttpMethod.Patch, $"organizations/{organization}/domains/{claimed.Id}", new { assignment = "suggest", defaultRole = "guest" }, Ct);
        var admin = await host.NewMemberAsync(organization, role, Ct);
        return new Scene(organization, claimed.Id, name, await host.AsUserAsync(admin.Membership.UserId, organization, Ct));
    }

    private async Task<(Id<User> User, string Path)> AskedAsync(Scene scene)
    {
        var user = (await host.PersonAsync(Ct, wanted => wanted with { Emails = [new NewUserEmail($"{ManagementHost.Unique("p")}@{scene.Host}", true)] })).Id;
        var id = await host.SessionAsync(user, Ct, [null]);
        var session = await host.ReadAsync(null, db => db.Sessions.AsNoTracking().SingleAsync(s => s.Id == id, Ct));
        var asked = await host.UseAsync<DomainJoins, Result<JoinRequest>>(null, joins => joins.AskAsync(session, scene.Organization, Ct));
        Assert.True(asked.IsOk, asked.Error?.Code);
        return (user, $"organizations/{scene.Organization}/join-requests/{asked.Value.Id}");
    }

    [Fact]
    public async Task An_approval_makes_a_member_with_the_domains_role_once()
    {
        var scene = await NewSceneAsync();
        var (user, path) = await AskedAsync(scene);
        var listed = Assert.Single((await scene.Admin.GetFromJsonAsync<JsonElement>($"organizations/{scene.Organization}/join-requests?status=pending", Ct)).GetProperty("data").EnumerateArray());
        Assert.Equal((user.ToString(), "Ann Example"), (listed.GetProperty("userId").GetString(), listed.GetProperty("name").GetString()));
        Assert.EndsWith("@" + scene.Host, listed.GetProperty("email").GetString(), StringComparison.Ordinal);

        var approved = await scene.Admin.AnswerAsync(HttpMethod.Post, path + "/approve", null, Ct);

        Assert.Equal("approved", approved.GetProperty("status").GetString());
        await AssertProblem.IsAsync(await scene.Admin.PostAsync(path + "/approve", null, Ct), HttpStatusCode.Conflict, "join_request_decided", Ct);
        await AssertProblem.IsAsync(await scene.Admin.PostAsync(path + "/deny", null, Ct), HttpStatusCode.Conflict, "join_request_decided", Ct);
        var member = (await scene.Admin.GetFromJsonAsync<JsonElement>($"organizations/{scene.Organization}/members?userId={user}", Ct)).GetProperty("data")[0];
        var role = Assert.Single(member.GetProperty("roles").EnumerateArray());
        Assert.Equal(("guest", "domain"), (role.GetProperty("key").GetString(), role.GetProperty("source").GetString()));
        Assert.Empty((await scene.Admin.GetFromJsonAsync<JsonElement>($"organizations/{scene.Organization}/join-requests?status=pending", Ct)).GetProperty("data").EnumerateArray());
        await AssertProblem.IsAsync(await scene.Admin.GetAsync($"organizations/{scene.Organization}/join-requests?status=new", Ct), HttpStatusCode.BadRequest, "status_invalid", Ct);
    }

    [Fact]
    public async Task Who_was_denied_stays_outside_whatever_the_domain_says_later()
    {
        var scene = await NewSceneAsync();
        var (user, path) = await AskedAsync(scene);
        await scene.Admin.AnswerAsync(HttpMethod.Post, path + "/deny", null, Ct);
        using var instance = host.AsOperator();
        await instance.AnswerAsync(HttpMethod.Patch, $"organizations/{scene.Organization}/domains/{scene.Domain}", new { assignment = "auto" }, Ct);

        var id = await host.SessionAsync(user, Ct, [null]);
        var session = await host.ReadAsync(null, db => db.Sessions.AsNoTracking().SingleAsync(s => s.Id == id, Ct));
        var open = await host.UseAsync<DomainJoins, IReadOnlyList<Opening>>(null, joins => joins.AtSignInAsync(session, Ct));

        Assert.Equal(OpeningKind.Denied, Assert.Single(open).Kind);
        Assert.False(await host.ReadAsync(scene.Organization, db => db.Memberships.AnyAsync(m => m.UserId == user, Ct)));
    }

    [Fact]
    public async Task An_approval_keeps_every_rule_of_joining()
    {
        var scene = await NewSceneAsync();
        using var instance = host.AsOperator();

        var (limited, first) = await AskedAsync(scene);
        await instance.AnswerAsync(HttpMethod.Patch, $"organizations/{scene.Organization}", new { memberLimit = 2 }, Ct);
        await AssertProblem.IsAsync(await scene.Admin.PostAsync(first + "/approve", null, Ct), HttpStatusCode.Conflict, "member_limit_reached", Ct);
        await instance.AnswerAsync(HttpMethod.Patch, $"organizations/{scene.Organization}", new { memberLimit = (int?)null }, Ct);
        await scene.Admin.AnswerAsync(HttpMethod.Post, first + "/approve", null, Ct); // the refusal left it as it was

        // Removed while the request waited: an approval brings nobody back.
        var (removed, second) = await AskedAsync(scene);
        var member = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct, removed);
        using (var gone = await instance.DeleteAsync($"organizations/{scene.Organization}/members/{member.Membership.Id}", Ct)) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        await AssertProblem.IsAsync(await scene.Admin.PostAsync(second + "/approve", null, Ct), HttpStatusCode.Conflict, "membership_ended", Ct);

        // The domain is no longer the organization's.
        var (outdated, third) = await AskedAsync(scene);
        using (var released = await instance.DeleteAsync($"organizations/{scene.Organization}/domains/{scene.Domain}", Ct)) Assert.Equal(HttpStatusCode.NoContent, released.StatusCode);
        await AssertProblem.IsAsync(await scene.Admin.PostAsync(third + "/approve", null, Ct), HttpStatusCode.Conflict, "join_request_outdated", Ct);
        Assert.Equal([limited], await host.ReadAsync(scene.Organization, db => db.Memberships.Where(m => m.Status == MembershipStatus.Active && (m.UserId == limited || m.UserId == removed || m.UserId == outdated)).Select(m => m.UserId).ToListAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_approves_into_a_role_that_they_could_not_give()
    {
        var scene = await NewSceneAsync();
        using var instance = host.AsOperator();
        await instance.AnswerAsync(HttpMethod.Post, $"organizations/{scene.Organization}/roles", new { key = "payer", displayName = "Payer", permissions = new[] { "invoices:pay" } }, Ct);
        await instance.AnswerAsync(HttpMethod.Patch, $"organizations/{scene.Organization}/domains/{scene.Domain}", new { defaultRole = "payer" }, Ct);
        var (_, path) = await AskedAsync(scene);

        await AssertProblem.IsAsync(await scene.Admin.PostAsync(path + "/approve", null, Ct), HttpStatusCode.Forbidden, RoleErrors.Escalation.Code, Ct);
        await AssertProblem.IsAsync(await scene.Admin.PatchAsJsonAsync($"organizations/{scene.Organization}/domains/{scene.Domain}", new { assignment = "auto" }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        var plain = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct);
        using var member = await host.AsUserAsync(plain.Membership.UserId, scene.Organization, Ct);
        await AssertProblem.IsAsync(await member.GetAsync($"organizations/{scene.Organization}/join-requests", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
    }

    [Fact]
    public async Task A_request_goes_with_an_erased_person_and_to_whom_they_were_merged_into()
    {
        var scene = await NewSceneAsync();
        using var instance = host.AsOperator();
        var ((erased, _), (merged, path)) = (await AskedAsync(scene), await AskedAsync(scene));
        var survivor = (await host.PersonAsync(Ct)).Id;

        Assert.Equal(scene.Organization.ToString(), Assert.Single((await instance.GetFromJsonAsync<JsonElement>($"users/{erased}/export", Ct)).GetProperty("joinRequests").EnumerateArray()).GetProperty("organizationId").GetString());
        await instance.AnswerAsync(HttpMethod.Post, $"users/{erased}/erase", new { confirm = erased.ToString() }, Ct);
        await instance.AnswerAsync(HttpMethod.Post, $"users/{survivor}/merge", new { from = merged.ToString() }, Ct);

        Assert.Equal(survivor.ToString(), (await scene.Admin.GetFromJsonAsync<JsonElement>(path, Ct)).GetProperty("userId").GetString());
        Assert.False(await host.ReadAsync(scene.Organization, db => db.JoinRequests.AnyAsync(r => r.UserId == erased || r.UserId == merged, Ct)));
    }
}

public sealed class JoinRequestEndpointsOnSqlite(SqliteManagement host) : JoinRequestEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class JoinRequestEndpointsOnPostgreSql(PostgreSqlManagement host) : JoinRequestEndpointTests(host), IClassFixture<PostgreSqlManagement>;
