using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Members;

/// <summary>An organization's own admin brings its people in, and nobody else's.</summary>
public abstract class MemberImportTests(ManagementHost host)
{
    private const string Hash = "pbkdf2_sha256$1000$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(Id<Organization> Organization, string Domain, HttpClient Admin);

    private async Task<Scene> NewSceneAsync(string role = BuiltInRoles.Admin, bool verified = true)
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var domain = $"{ManagementHost.Unique("d")}.example.org";
        var claimed = (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, domain, false, Ct))).Value!; // valid input
        if (verified) await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.VerifyByOperatorAsync(organization, claimed.Id, "test", Ct));
        var admin = await host.NewMemberAsync(organization, role, Ct);
        return new Scene(organization, domain, await host.AsUserAsync(admin.Membership.UserId, organization, Ct));
    }

    private static async Task<List<JsonElement>> ImportAsync(Scene scene, string query, params object[] rows)
    {
        var body = string.Join('\n', rows.Select(r => r as string ?? JsonSerializer.Serialize(r)));
        using var answer = await scene.Admin.PostAsync($"organizations/{scene.Organization}/import{query}", new StringContent(body, Encoding.UTF8, "application/x-ndjson"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string Said(JsonElement row) => row.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString()! : row.GetProperty("status").GetString()!; // one of the two is there

    private async Task<Id<User>> PersonAsync(string email, bool verified = true) =>
        (await host.UseAsync<UserService, Result<User>>(null, users => users.CreateAsync(new NewUser([new NewUserEmail(email, verified)], "Their Own Name"), Ct))).Value!.Id; // valid input

    [Fact]
    public async Task New_people_of_the_domain_get_an_account_and_known_ones_join_unchanged()
    {
        var scene = await NewSceneAsync();
        var known = await PersonAsync($"known@{scene.Domain}");

        var first = await ImportAsync(scene, "",
            new { email = $"New@{scene.Domain}", name = "New Person", roles = new[] { "member", "guest" } },
            new { email = $"KNOWN@{scene.Domain}", name = "Another Name" });
        var again = await ImportAsync(scene, "", new { email = $"new@{scene.Domain}" }, new { email = $"known@{scene.Domain}" });

        Assert.Equal(["created", "updated"], first.Select(Said));
        Assert.Equal(["unchanged", "unchanged"], again.Select(Said));
        Assert.Equal(known.ToString(), first[1].GetProperty("userId").GetString());
        var made = Id<User>.Parse(first[0].GetProperty("userId").GetString()!, null); // asserted to be created
        await host.ReadAsync(scene.Organization, async db =>
        {
            var person = await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == made, Ct);
            Assert.Equal(("New Person", scene.Organization), (person.Name, person.CreatedByOrganization));
            Assert.NotNull(Assert.Single(person.Emails).VerifiedAt);
            Assert.Equal("Their Own Name", await db.Users.Where(u => u.Id == known).Select(u => u.Name).SingleAsync(Ct));
            Assert.Equal(2, await db.Memberships.CountAsync(m => m.UserId == made || m.UserId == known, Ct));
            return 0;
        });
    }

    [Fact]
    [Trait("Attack", "A1")]
    public async Task An_admin_plants_no_password_neither_on_an_account_that_is_there_nor_on_one_to_come()
    {
        var scene = await NewSceneAsync();
        var person = await PersonAsync($"victim@{scene.Domain}");

        var rows = await ImportAsync(scene, "", new { email = $"victim@{scene.Domain}", passwordHash = new { hash = Hash } }, new { email = $"cfo@{scene.Domain}", passwordHash = new { hash = Hash } });

        Assert.All(rows, row => Assert.Equal("import_row_invalid", Said(row)));
        Assert.False(await host.ReadAsync(null, db => db.LocalCredentials.AnyAsync(c => c.UserId == person, Ct)));
        Assert.False(await host.ReadAsync(null, db => db.UserEmails.AnyAsync(e => e.Normalized == $"cfo@{scene.Domain}", Ct)));
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task Outside_the_own_verified_domains_nobody_is_taken_and_nobody_learns_who_exists()
    {
        var (scene, rival, unverified) = (await NewSceneAsync(), await NewSceneAsync(), await NewSceneAsync(verified: false));
        await PersonAsync($"there@{rival.Domain}");
        var outside = ManagementHost.Unique("o");
        await PersonAsync($"there@{outside}.example.org");

        var refused = await ImportAsync(scene, "",
            new { email = $"there@{rival.Domain}" }, new { email = $"nobody@{rival.Domain}" }, new { email = $"there@{outside}.example.org" }, new { email = $"nobody@{outside}.example.org" },
            new { email = $"sub@deeper.{scene.Domain}" });
        var early = await ImportAsync(unverified, "", new { email = $"someone@{unverified.Domain}" });

        Assert.All(refused.Concat(early), row => Assert.Equal("email_domain_not_allowed", Said(row)));
        Assert.Single(refused.Select(r => r.GetProperty("error").GetRawText()).Distinct());
        Assert.False(await host.ReadAsync(null, db => db.UserEmails.AnyAsync(e => e.Address.StartsWith("nobody@"), Ct)));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task An_admin_gives_no_more_than_they_may_and_a_bad_row_stops_no_other()
    {
        var scene = await NewSceneAsync();
        var (removed, operatorId) = (await PersonAsync($"removed@{scene.Domain}"), await PersonAsync($"operator@{scene.Domain}"));
        var member = await host.NewMemberAsync(scene.Organization, BuiltInRoles.Member, Ct, removed);
        await host.UseAsync<MemberService, Result>(scene.Organization, m => m.RemoveAsync(scene.Organization, member.Membership.Id, Granter.Instance, Ct));
        await host.ReadAsync(null, async db =>
        {
            (await db.Users.SingleAsync(u => u.Id == operatorId, Ct)).MakeOperator(TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });

        var rows = await ImportAsync(scene, "",
            new { email = $"boss@{scene.Domain}", roles = new[] { "owner" } }, new { email = $"a@{scene.Domain}", roles = new[] { "no-such-role" } }, new { email = "nonsense" }, new { name = "Nobody" },
            new { email = $"removed@{scene.Domain}" }, new { email = $"operator@{scene.Domain}" }, new { email = $"b@{scene.Domain}", externalId = "42" }, "not json", "",
            new { email = $"good@{scene.Domain}", roles = new[] { "admin" } });

        Assert.Equal(
            ["role_escalation", "role_unknown", "email_invalid", "email_invalid", "membership_ended", "import_person_unavailable", "import_row_invalid", "import_row_invalid", "created"],
            rows.Select(Said));
        Assert.False(await host.ReadAsync(null, db => db.UserEmails.AnyAsync(e => e.Normalized == $"boss@{scene.Domain}", Ct)));
    }

    [Fact]
    public async Task A_rehearsal_keeps_nothing_and_the_limits_count()
    {
        var scene = await NewSceneAsync();
        var dry = await ImportAsync(scene, "?dryRun=true", new { email = $"a@{scene.Domain}" });
        Assert.Equal("created", Said(Assert.Single(dry)));
        Assert.False(dry[0].TryGetProperty("userId", out _));
        Assert.False(await host.ReadAsync(null, db => db.UserEmails.AnyAsync(e => e.Normalized == $"a@{scene.Domain}", Ct)));

        await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(scene.Organization, new OrganizationChanges { MemberLimit = 3 }, Granter.Instance, null, Ct));
        var rows = await ImportAsync(scene, "", new { email = $"a@{scene.Domain}" }, new { email = $"b@{scene.Domain}" }); // an owner and an admin are there
        Assert.Equal(["created", "member_limit_reached"], rows.Select(Said));

        using var answer = await scene.Admin.PostAsync(
            $"organizations/{scene.Organization}/import", new StringContent(string.Concat(Enumerable.Repeat("{}\n", 1_001)), Encoding.UTF8, "application/x-ndjson"), Ct);
        await AssertProblem.IsAsync(answer, HttpStatusCode.BadRequest, "import_too_many_rows", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Only_who_may_write_members_imports_and_only_into_their_own_organization()
    {
        var (scene, rival) = (await NewSceneAsync(BuiltInRoles.Member), await NewSceneAsync());
        var row = new StringContent($$"""{"email":"a@{{scene.Domain}}"}""", Encoding.UTF8, "application/x-ndjson");

        using var weak = await scene.Admin.PostAsync($"organizations/{scene.Organization}/import", row, Ct);
        await AssertProblem.IsAsync(weak, HttpStatusCode.Forbidden, "permission_missing", Ct);
        using var foreign = await rival.Admin.PostAsync($"organizations/{scene.Organization}/import", new StringContent($$"""{"email":"a@{{scene.Domain}}"}""", Encoding.UTF8, "application/x-ndjson"), Ct);
        await AssertProblem.IsAsync(foreign, HttpStatusCode.NotFound, "organization_not_found", Ct);
        Assert.False(await host.ReadAsync(null, db => db.UserEmails.AnyAsync(e => e.Normalized == $"a@{scene.Domain}", Ct)));
    }
}

public sealed class MemberImportOnSqlite(SqliteManagement host) : MemberImportTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class MemberImportOnPostgreSql(PostgreSqlManagement host) : MemberImportTests(host), IClassFixture<PostgreSqlManagement>;
