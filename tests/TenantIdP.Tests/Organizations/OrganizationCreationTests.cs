using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Organizations;

/// <summary>An organization comes with its first owner and its domains, or not at all; and the application's own id makes a request repeatable.</summary>
public abstract class OrganizationCreationTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(HttpResponseMessage Answer, JsonElement Body)> PostAsync(object body, HttpClient? with = null)
    {
        using var client = with is null ? host.AsOperator() : null;
        var answer = await (with ?? client!).PostAsJsonAsync("organizations", body, Ct); // one of the two is there
        return (answer, await answer.Content.ReadFromJsonAsync<JsonElement>(Ct));
    }

    private static async Task<JsonElement> OkAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<(Id<User> Id, string Email)> PersonAsync(bool verified = true)
    {
        var email = $"{ManagementHost.Unique("p")}@example.test";
        var user = (await host.UseAsync<UserService, Result<User>>(null, u => u.CreateAsync(new NewUser([new NewUserEmail(email, verified)], "Person"), Ct))).Value!; // valid input
        return (user.Id, email);
    }

    private Task<List<Id<User>>> OwnersAsync(Id<Organization> organization) => host.ReadAsync(organization, db => (
        from held in db.MembershipRoles
        join role in db.Roles on held.RoleId equals role.Id
        join member in db.Memberships on held.MembershipId equals member.Id
        where role.Key == BuiltInRoles.Owner
        select member.UserId).ToListAsync(Ct));

    [Fact]
    public async Task It_comes_with_an_owner_by_a_verified_address_and_with_claimed_domains()
    {
        var person = await PersonAsync();
        var (first, second) = ($"{ManagementHost.Unique("d")}.example.org", $"{ManagementHost.Unique("d")}.example.org");
        var (answer, body) = await PostAsync(new { displayName = "Globex", owner = new { email = person.Email.ToUpperInvariant() }, domains = new[] { first, $"https://{second.ToUpperInvariant()}/" } });

        Assert.True(answer.StatusCode == HttpStatusCode.Created, body.ToString());
        var id = Id<Organization>.Parse(body.GetProperty("id").GetString()!, null); // created objects have ids
        Assert.Equal([person.Id], await OwnersAsync(id));
        var domains = await host.ReadAsync(id, db => db.Domains.OrderBy(d => d.Id).ToListAsync(Ct));
        Assert.Equal([first, second], domains.Select(d => d.Host.Value));
        Assert.All(domains, d => Assert.False(d.IsVerified));
        Assert.Equal(
            [EventTypes.DomainClaimed, EventTypes.DomainClaimed, EventTypes.MemberJoined, EventTypes.OrganizationCreated],
            (await host.ReadAsync(id, db => db.Events.Select(e => e.Type).ToListAsync(Ct))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task By_an_id_it_is_the_same_and_both_at_once_are_refused()
    {
        var person = await PersonAsync();
        var (answer, body) = await PostAsync(new { displayName = "Globex", owner = new { userId = person.Id.ToString() } });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal([person.Id], await OwnersAsync(Id<Organization>.Parse(body.GetProperty("id").GetString()!, null))); // created objects have ids

        foreach (var owner in new object[] { new { userId = person.Id.ToString(), email = person.Email }, new { } })
            await AssertProblem.IsAsync((await PostAsync(new { displayName = "Globex", owner })).Answer, HttpStatusCode.BadRequest, "validation_failed", Ct);
        await AssertProblem.IsAsync((await PostAsync(new { displayName = "Globex", ownerUserId = person.Id.ToString(), owner = new { email = person.Email } })).Answer, HttpStatusCode.BadRequest, "validation_failed", Ct);
    }

    [Fact]
    [Trait("Attack", "F26")]
    public async Task An_unknown_or_suspended_owner_or_a_bad_domain_leaves_nothing_behind()
    {
        var suspended = await PersonAsync();
        await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(suspended.Id, Ct));
        var host1 = $"{ManagementHost.Unique("d")}.example.org";
        (object Body, string Code)[] refused =
        [
            (new { displayName = "Globex", owner = new { email = suspended.Email } }, "owner_unknown"),
            (new { displayName = "Globex", owner = new { userId = Id<User>.New(DateTimeOffset.UnixEpoch).ToString() } }, "owner_unknown"),
            (new { displayName = "Globex", owner = new { email = "a@b@c" } }, "email_invalid"),
            (new { displayName = "Globex", domains = new[] { host1, "not a host" } }, "host_invalid"),
            (new { displayName = "Globex", domains = new[] { host1, host1.ToUpperInvariant() } }, "domain_already_claimed"),
        ];
        foreach (var (body, code) in refused)
        {
            var externalId = ManagementHost.Unique("crm");
            var json = JsonSerializer.SerializeToNode(body)!.AsObject(); // an object
            json["externalId"] = externalId;
            var (answer, problem) = await PostAsync(json);
            Assert.True((int)answer.StatusCode is 400 or 409, problem.ToString());
            Assert.Equal(code, problem.GetProperty("code").GetString());
            Assert.False(await host.ReadAsync(null, db => db.Organizations.AnyAsync(o => o.ExternalId == externalId, Ct)));
        }

        Assert.Equal(0, await host.ReadAsync(null, db => db.Domains.IgnoreQueryFilters([TenantIdP.Core.IdpDbContext.OrganizationFilter]).CountAsync(d => d.Host == HostName.Parse(host1), Ct)));
    }

    [Fact]
    [Trait("Attack", "C3")]
    public async Task An_owner_whom_nobody_knows_is_invited_and_nobody_who_only_claims_the_address_becomes_one()
    {
        var squatter = await PersonAsync(verified: false);
        foreach (var email in new[] { $"{ManagementHost.Unique("nobody")}@example.test", squatter.Email })
        {
            var (answer, body) = await PostAsync(new { displayName = "Globex", owner = new { email } });

            Assert.True(answer.StatusCode == HttpStatusCode.Created, body.ToString());
            var id = Id<Organization>.Parse(body.GetProperty("id").GetString()!, null); // created objects have ids
            Assert.Empty(await OwnersAsync(id));
            var invitation = Assert.Single(await host.ReadAsync(id, db => db.Invitations.ToListAsync(Ct)));
            var owner = await host.ReadAsync(id, db => db.Roles.SingleAsync(r => r.Key == BuiltInRoles.Owner, Ct));
            Assert.Equal((email, owner.Id), (invitation.Normalized, Assert.Single(invitation.Roles)));
        }
    }

    [Fact]
    public async Task A_slug_or_external_id_in_use_names_the_other_organization_to_an_operator_and_to_nobody_else()
    {
        var (slug, externalId) = (ManagementHost.Unique("slug"), ManagementHost.Unique("crm"));
        var (_, first) = await PostAsync(new { displayName = "Globex", slug, externalId });
        var id = first.GetProperty("id").GetString();
        foreach (var (body, code) in new (object, string)[] { (new { displayName = "Globex", slug }, "slug_taken"), (new { displayName = "Globex", externalId }, "external_id_taken") })
        {
            var problem = await AssertProblem.IsAsync((await PostAsync(body)).Answer, HttpStatusCode.Conflict, code, Ct);
            Assert.Equal(id, problem.GetProperty("existingId").GetString());
        }

        var owner = await host.NewUserAsync(Ct);
        var rival = await host.NewOrganizationAsync(Ct, owner);
        using var person = await host.AsUserAsync(owner, rival, Ct);
        using var instance = host.AsOperator();
        var seen = await AssertProblem.IsAsync(await person.PatchAsJsonAsync($"organizations/{rival}", new { slug }, Ct), HttpStatusCode.Conflict, "slug_taken", Ct);
        Assert.False(seen.TryGetProperty("existingId", out _));
        var told = await AssertProblem.IsAsync(await instance.PatchAsJsonAsync($"organizations/{rival}", new { slug }, Ct), HttpStatusCode.Conflict, "slug_taken", Ct);
        Assert.Equal(id, told.GetProperty("existingId").GetString());
    }

    [Fact]
    public async Task By_the_applications_own_id_an_organization_is_made_once_and_then_changed()
    {
        var externalId = $"{ManagementHost.Unique("crm")}/42 ä";
        var path = $"organizations/by-external-id/{Uri.EscapeDataString(externalId)}";
        using var client = host.AsOperator();

        var made = await OkAsync(await client.PutAsJsonAsync(path, new { displayName = "Globex", metadata = new { plan = "pro", seats = 3 } }, Ct), HttpStatusCode.Created);
        var same = await OkAsync(await client.PutAsJsonAsync(path, new { displayName = "Globex", metadata = new { plan = "pro" } }, Ct), HttpStatusCode.OK);
        var slug = ManagementHost.Unique("slug");
        var changed = await OkAsync(await client.PutAsJsonAsync(path, new { displayName = "Globex 2", slug, metadata = new { plan = (string?)null } }, Ct), HttpStatusCode.OK);
        var found = await OkAsync(await client.GetAsync(path, Ct), HttpStatusCode.OK);

        Assert.Equal(externalId, made.GetProperty("externalId").GetString());
        Assert.Equal(made.GetProperty("version").GetInt32(), same.GetProperty("version").GetInt32());
        Assert.Equal(made.GetProperty("id").GetString(), changed.GetProperty("id").GetString());
        Assert.Equal(("Globex 2", slug), (changed.GetProperty("displayName").GetString(), changed.GetProperty("slug").GetString()));
        Assert.Equal("""{"seats":3}""", changed.GetProperty("metadata").GetRawText());
        Assert.Equal((changed.GetProperty("id").GetString(), changed.GetProperty("version").GetInt32()), (found.GetProperty("id").GetString(), found.GetProperty("version").GetInt32()));
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Ten_first_requests_at_once_make_one_organization()
    {
        var externalId = ManagementHost.Unique("crm");
        var done = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => host.UseAsync<OrganizationService, Result<(Organization Organization, bool Created)>>(
            null, o => o.UpsertAsync(externalId, new NewOrganization($"Globex {i}"), Ct))));
        Assert.All(done.Where(d => !d.IsOk), d => Assert.Equal("changed_meanwhile", d.Error!.Code)); // a concurrent change of the one row
        Assert.Single(done, d => d.IsOk && d.Value.Created);
        Assert.Single(done.Where(d => d.IsOk).Select(d => d.Value.Organization.Id).Distinct());
    }
}

public sealed class OrganizationCreationOnSqlite(SqliteManagement host) : OrganizationCreationTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OrganizationCreationOnPostgreSql(PostgreSqlManagement host) : OrganizationCreationTests(host), IClassFixture<PostgreSqlManagement>;
