using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Directories and their tokens in the management API.</summary>
public abstract class DirectoryEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_directory_says_its_address_and_its_token_once()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);

        var made = await MadeAsync(api, organization, new { displayName = "Okta" });

        var (directory, id) = (made.GetProperty("directory"), Id(made.GetProperty("directory")));
        Assert.Equal($"{ManagementHost.Issuer}/scim/v2/{id}", directory.GetProperty("baseUrl").GetString());
        Assert.Equal(("active", "reject", "user_name", "member", true), (Text(directory, "status"), Text(directory, "outsideDomains"), Text(directory, "correlateBy"), Text(directory, "defaultRole"), directory.GetProperty("ownsProfile").GetBoolean()));
        var secret = Text(made.GetProperty("token"), "secret");
        Assert.True(DirectorySecret.TryRead(secret, out _));
        var shown = await api.GetStringAsync($"organizations/{organization}/directories/{id}/tokens", Ct) + await api.GetStringAsync($"organizations/{organization}/directories/{id}", Ct);
        Assert.DoesNotContain(secret[36..], shown, StringComparison.Ordinal);
        Assert.Contains(secret[..36], shown, StringComparison.Ordinal); // so that it is recognised
        var (rows, events) = await host.ReadAsync(organization, async db => (await db.DirectoryTokens.Select(t => t.Hash + t.Prefix).ToListAsync(Ct), await db.Events.Select(e => e.Data).ToListAsync(Ct)));
        Assert.DoesNotContain(secret[36..], string.Join('\n', [.. rows, .. events]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_is_a_merge_patch_with_a_version_and_an_event()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var id = Id((await MadeAsync(api, organization, new { displayName = "Okta", outsideDomains = "guest", ownsProfile = false })).GetProperty("directory"));
        var path = $"organizations/{organization}/directories/{id}";

        var changed = await PatchAsync(api, path, """{"displayName":"Entra","status":"disabled","correlateBy":"external_id"}""");
        Assert.Equal(("Entra", "disabled", "external_id", "guest", false), (Text(changed, "displayName"), Text(changed, "status"), Text(changed, "correlateBy"), Text(changed, "outsideDomains"), changed.GetProperty("ownsProfile").GetBoolean()));
        changed = await PatchAsync(api, path, """{"status":null,"outsideDomains":null,"ownsProfile":null,"defaultRole":null}""");
        Assert.Equal(("active", "reject", "member", true), (Text(changed, "status"), Text(changed, "outsideDomains"), Text(changed, "defaultRole"), changed.GetProperty("ownsProfile").GetBoolean()));

        using var stale = new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(new { displayName = "Late" }) };
        stale.Headers.TryAddWithoutValidation("If-Match", "\"0\"");
        await AssertProblem.IsAsync(await api.SendAsync(stale, Ct), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync(path, new { displayName = "" }, Ct), HttpStatusCode.BadRequest, "invalid_name", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync(path, new { correlateBy = "shoe_size" }, Ct), HttpStatusCode.BadRequest, "malformed_json", Ct);
        Assert.Equal(
            [EventTypes.DirectoryCreated, EventTypes.DirectoryDisabled, EventTypes.DirectoryEnabled, EventTypes.DirectoryTokenCreated, EventTypes.DirectoryUpdated, EventTypes.DirectoryUpdated],
            (await EventsAsync(organization)).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_gives_by_a_directory_a_privileged_role_or_more_than_they_have()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var below = await RoleAsync(organization, Permission.DirectoriesWrite, Permission.DirectoriesRead);
        var above = await RoleAsync(organization, Permission.MembersWrite);
        var member = await host.NewMemberAsync(organization, below, Ct);
        using var their = await host.AsUserAsync(member.Membership.UserId, organization, Ct);
        var id = Id((await MadeAsync(api, organization, new { displayName = "Okta" })).GetProperty("directory"));

        foreach (var (client, role, code, status) in new[]
                 {
                     (api, "owner", "directory_role_privileged", HttpStatusCode.BadRequest), (api, "admin", "directory_role_privileged", HttpStatusCode.BadRequest),
                     (api, "nobody", "directory_role_unknown", HttpStatusCode.BadRequest), (their, above, "role_escalation", HttpStatusCode.Forbidden),
                 })
        {
            await AssertProblem.IsAsync(await client.PostAsJsonAsync($"organizations/{organization}/directories", new { displayName = "Mine", defaultRole = role }, Ct), status, code, Ct);
            await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}/directories/{id}", new { defaultRole = role }, Ct), status, code, Ct);
        }
    }

    [Fact]
    [Trait("Attack", "E5")]
    public async Task A_token_is_made_and_rotated_after_a_recent_sign_in_only()
    {
        var (organization, owner) = await OrganizationAsync();
        using var fresh = await host.AsUserAsync(owner, organization, Ct);
        using var stale = await SignedInAsync(owner, organization, TimeSpan.FromMinutes(16));
        using var app = host.AsOperator();
        var made = await MadeAsync(fresh, organization, new { displayName = "Okta" });
        var path = $"organizations/{organization}/directories/{Id(made.GetProperty("directory"))}/tokens";
        var rotate = $"{path}/{Id(made.GetProperty("token").GetProperty("token"))}/rotate";
        var before = await TokensAsync(organization);

        foreach (var address in new[] { $"organizations/{organization}/directories", path, rotate })
        {
            using var refused = await stale.PostAsJsonAsync(address, address == path || address == rotate ? (object)new { } : new { displayName = "More" }, Ct);
            Assert.Contains("insufficient_user_authentication", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            await AssertProblem.IsAsync(refused, HttpStatusCode.Forbidden, "recent_sign_in_required", Ct);
        }

        Assert.Equal(before, await TokensAsync(organization));
        Assert.True((await stale.GetAsync(path, Ct)).IsSuccessStatusCode); // reads and revocation need none
        Assert.Equal(HttpStatusCode.OK, (await fresh.PostAsJsonAsync(rotate, new { }, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsJsonAsync($"{path}/{(await NewestAsync(organization)).Id}/rotate", new { overlapSeconds = 0 }, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await stale.DeleteAsync($"{path}/{(await NewestAsync(organization)).Id}", Ct)).StatusCode);
    }

    [Fact]
    [Trait("Attack", "E5")]
    public async Task The_old_token_goes_on_for_the_overlap_and_no_third_one_is_live()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var made = await MadeAsync(api, organization, new { displayName = "Okta", tokenExpiresAt = TimeProvider.System.GetUtcNow().AddDays(90) });
        var path = $"organizations/{organization}/directories/{Id(made.GetProperty("directory"))}/tokens";
        var (first, secret) = (Id(made.GetProperty("token").GetProperty("token")), Text(made.GetProperty("token"), "secret"));

        using (var rotated = await api.PostAsJsonAsync($"{path}/{first}/rotate", new { overlapSeconds = 3600 }, Ct))
        {
            Assert.NotEqual(secret, Text(await rotated.Content.ReadFromJsonAsync<JsonElement>(Ct), "secret"));
        }

        var tokens = (await api.GetFromJsonAsync<JsonElement>(path, Ct)).GetProperty("data").EnumerateArray().ToDictionary(Id);
        Assert.InRange(tokens[first].GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(61));
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(path, new { }, Ct), HttpStatusCode.Conflict, "directory_token_limit", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"{path}/{first}/rotate", new { }, Ct), HttpStatusCode.Conflict, "directory_token_limit", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"{path}/{first}/rotate", new { overlapSeconds = 2_592_001 }, Ct), HttpStatusCode.BadRequest, "directory_token_overlap_invalid", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"{path}/{first}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await api.DeleteAsync($"{path}/{first}", Ct), HttpStatusCode.NotFound, "directory_token_not_found", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(path, new { expiresAt = TimeProvider.System.GetUtcNow().AddSeconds(-1) }, Ct), HttpStatusCode.BadRequest, "directory_token_expiry_invalid", Ct);
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsync(path, null, Ct)).StatusCode);
    }

    [Fact]
    public async Task Of_tokens_made_at_once_two_are_live()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var made = await MadeAsync(api, organization, new { displayName = "Okta" });
        var path = $"organizations/{organization}/directories/{Id(made.GetProperty("directory"))}/tokens";

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsJsonAsync(path, new { }, Ct)));

        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(7, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(2, (await TokensAsync(organization)).Count);
    }

    [Fact]
    [Trait("Attack", "E5")]
    public async Task No_key_and_no_admin_makes_a_token()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var made = await MadeAsync(api, organization, new { displayName = "Okta" });
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        using var their = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);
        var path = $"organizations/{organization}/directories/{Id(made.GetProperty("directory"))}/tokens";

        await AssertProblem.IsAsync(await their.PostAsJsonAsync(path, new { }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        foreach (var never in new[] { Permission.DirectoriesWrite, Permission.DirectoriesSync })
            await AssertProblem.IsAsync(await api.PostAsJsonAsync($"organizations/{organization}/keys", new { displayName = "Key", permissions = new[] { never } }, Ct), HttpStatusCode.BadRequest, "key_permission_refused", Ct);
    }

    [Fact]
    [Trait("Attack", "E4")]
    public async Task An_owner_of_another_organization_regenerates_no_token()
    {
        var ((organization, owner), (elsewhere, other)) = (await OrganizationAsync(), await OrganizationAsync());
        using var api = await host.AsUserAsync(owner, organization, Ct);
        using var their = await host.AsUserAsync(other, elsewhere, Ct);
        var (ours, theirs) = (await MadeAsync(api, organization, new { displayName = "Okta" }), await MadeAsync(their, elsewhere, new { displayName = "Okta" }));
        var (directory, token) = (Id(ours.GetProperty("directory")), Id(ours.GetProperty("token").GetProperty("token")));
        var before = await TokensAsync(organization);

        await AssertProblem.IsAsync(await their.PostAsJsonAsync($"organizations/{organization}/directories/{directory}/tokens/{token}/rotate", new { }, Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await their.PostAsJsonAsync($"organizations/{elsewhere}/directories/{directory}/tokens/{token}/rotate", new { }, Ct), HttpStatusCode.NotFound, "directory_not_found", Ct);
        await AssertProblem.IsAsync(
            await their.PostAsJsonAsync($"organizations/{elsewhere}/directories/{Id(theirs.GetProperty("directory"))}/tokens/{token}/rotate", new { }, Ct), HttpStatusCode.NotFound, "directory_token_not_found", Ct);
        await AssertProblem.IsAsync(await their.DeleteAsync($"organizations/{elsewhere}/directories/{Id(theirs.GetProperty("directory"))}/tokens/{token}", Ct), HttpStatusCode.NotFound, "directory_token_not_found", Ct);

        Assert.Equal(before, await TokensAsync(organization));
    }

    [Fact]
    public async Task The_end_of_a_directory_takes_the_roles_that_it_gave_and_leaves_the_members()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var (ours, other) = (await DirectoryAsync(api, organization, "Okta"), await DirectoryAsync(api, organization, "Entra"));
        var key = await RoleAsync(organization, Permission.EventsRead);
        var (both, one) = (await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct));
        await host.ReadAsync(organization, async db =>
        {
            var role = await db.Roles.SingleAsync(r => r.Key == key, Ct);
            foreach (var (member, directory) in new[] { (both, ours), (both, other), (one, ours) })
                (await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.Id == member.Membership.Id, Ct)).Grant(role, RoleSource.ScimGroup, directory.SourceOf("dgm_1"), TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });
        var path = $"organizations/{organization}/directories/{ours.Id}";

        using (var plan = await api.DeleteAsync($"{path}?dryRun=true", Ct)) Assert.Equal(2, (await plan.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("membersLosingRoles").GetInt32());
        Assert.True((await api.GetAsync(path, Ct)).IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync(path, Ct)).StatusCode);

        await AssertProblem.IsAsync(await api.GetAsync(path, Ct), HttpStatusCode.NotFound, "directory_not_found", Ct);
        var left = await host.ReadAsync(organization, db => db.MembershipRoles.Where(r => r.Source == RoleSource.ScimGroup).Select(r => r.MembershipId).ToListAsync(Ct));
        Assert.Equal([both.Membership.Id], left);
        Assert.Equal(3, await host.ReadAsync(organization, db => db.Memberships.CountAsync(m => m.Status == MembershipStatus.Active, Ct)));
        Assert.Equal([other.Id], await host.ReadAsync(organization, db => db.DirectoryTokens.Select(t => t.DirectoryId).ToListAsync(Ct)));
        Assert.Contains(EventTypes.DirectoryDeleted, await EventsAsync(organization));
    }

    [Fact]
    public async Task A_role_that_a_directory_gives_is_not_deleted_and_is_replaced_there_too()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var key = await RoleAsync(organization, Permission.EventsRead);
        var made = await MadeAsync(api, organization, new { displayName = "Okta", defaultRole = key });
        var role = await host.ReadAsync(organization, db => db.Roles.Where(r => r.Key == key).Select(r => r.Id).SingleAsync(Ct));

        await AssertProblem.IsAsync(await api.DeleteAsync($"organizations/{organization}/roles/{role}", Ct), HttpStatusCode.Conflict, "role_in_use", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"organizations/{organization}/roles/{role}?replaceWith=guest", Ct)).StatusCode);

        Assert.Equal("guest", Text(await api.GetFromJsonAsync<JsonElement>($"organizations/{organization}/directories/{Id(made.GetProperty("directory"))}", Ct), "defaultRole"));
    }

    [Fact]
    public async Task An_organization_has_at_most_ten_and_they_end_with_it()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        for (var i = 0; i < OrganizationDirectory.Most; i++) await DirectoryAsync(api, organization, $"Directory {i}");
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"organizations/{organization}/directories", new { displayName = "One more" }, Ct), HttpStatusCode.Conflict, "directory_limit", Ct);
        var page = await api.GetFromJsonAsync<JsonElement>($"organizations/{organization}/directories?limit=3&sort=-createdAt", Ct);
        Assert.Equal(3, page.GetProperty("data").GetArrayLength());

        var slug = await host.ReadAsync(organization, db => db.Organizations.Where(o => o.Id == organization).Select(o => o.Slug).SingleAsync(Ct));
        await host.UseAsync<OrganizationDeletion, Result<Organization>>(null, s => s.DeleteAsync(organization, null, Ct));
        Assert.True((await host.UseAsync<OrganizationDeletion, Result>(null, s => s.PurgeAsync(organization, slug.Value, Ct))).IsOk);
        Assert.Equal(0, await host.ReadAsync(organization, db => db.Directories.CountAsync(Ct)));
        Assert.Equal(0, await host.ReadAsync(organization, db => db.DirectoryTokens.CountAsync(Ct)));
    }

    [Fact]
    public async Task A_repeated_request_makes_one_directory_and_answers_the_same_token()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var secrets = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"organizations/{organization}/directories") { Content = JsonContent.Create(new { displayName = "Okta" }) };
            request.Headers.Add("Idempotency-Key", "make-it-once");
            using var answer = await api.SendAsync(request, Ct);
            secrets.Add(Text((await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("token"), "secret"));
        }

        Assert.Single(secrets.Distinct());
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Directories.CountAsync(Ct)));
    }

    private async Task<(Id<Organization> Organization, Id<User> Owner)> OrganizationAsync()
    {
        var owner = await host.NewUserAsync(Ct);
        return (await host.NewOrganizationAsync(Ct, owner), owner);
    }

    private async Task<string> RoleAsync(Id<Organization> organization, params string[] permissions) =>
        (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "Role", permissions), Granter.Instance, Ct))).Value!.Key; // valid input

    private async Task<HttpClient> SignedInAsync(Id<User> user, Id<Organization> organization, TimeSpan ago)
    {
        var (session, _) = await host.SignInAsync(user, organization, Ct);
        var proof = SessionProof.Password(TimeProvider.System.GetUtcNow() - ago);
        await host.ReadAsync(null, async db =>
        {
            var row = await db.Sessions.SingleAsync(s => s.Id == session, Ct);
            db.Entry(row).Property(nameof(Session.Proofs)).CurrentValue = new[] { proof };
            return await db.SaveChangesAsync(Ct);
        });
        var grant = ManagementHost.Unique("grant");
        host.Tokens.Grant(grant, new Grant(user, session, organization, Id<Core.Apps.App>.New(TimeProvider.System.GetUtcNow()), [proof]));
        return host.Client(host.Tokens.Issue(new AccessTokenFacts("app_site", user, session, organization, grant, [$"{ManagementHost.Issuer}/api/v1"], ["openid"])));
    }

    private static async Task<JsonElement> MadeAsync(HttpClient api, Id<Organization> organization, object wanted)
    {
        using var answer = await api.PostAsJsonAsync($"organizations/{organization}/directories", wanted, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<OrganizationDirectory> DirectoryAsync(HttpClient api, Id<Organization> organization, string name)
    {
        var id = Id<OrganizationDirectory>.Parse(Id((await MadeAsync(api, organization, new { displayName = name })).GetProperty("directory")), null);
        return await host.ReadAsync(organization, db => db.Directories.SingleAsync(d => d.Id == id, Ct));
    }

    private static async Task<JsonElement> PatchAsync(HttpClient api, string path, string json)
    {
        using var answer = await api.PatchAsync(path, new StringContent(json, System.Text.Encoding.UTF8, "application/merge-patch+json"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<IReadOnlyList<string>> EventsAsync(Id<Organization> organization) =>
        [.. (await host.ReadAsync(organization, db => db.Events.Select(e => e.Type).ToListAsync(Ct))).Where(type => type.StartsWith("directory.", StringComparison.Ordinal))];

    private Task<List<string>> TokensAsync(Id<Organization> organization) => host.ReadAsync(organization, db => db.DirectoryTokens.OrderBy(t => t.Id).Select(t => t.Hash).ToListAsync(Ct));

    private Task<DirectoryToken> NewestAsync(Id<Organization> organization) => host.ReadAsync(organization, db => db.DirectoryTokens.OrderByDescending(t => t.CreatedAt).FirstAsync(Ct));

    private static string Id(JsonElement of) => Text(of, "id");

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!; // it has one
}

public sealed class DirectoryEndpointsOnSqlite(SqliteManagement host) : DirectoryEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class DirectoryEndpointsOnPostgreSql(PostgreSqlManagement host) : DirectoryEndpointTests(host), IClassFixture<PostgreSqlManagement>;
