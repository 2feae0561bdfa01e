using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Observability;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>The log in which an IT admin reads what became of requests.</summary>
public abstract class DirectoryLogTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_refused_is_in_the_log_and_what_was_found_is_not()
    {
        var (organization, made) = await DirectoryAsync();
        var scim = idp.ScimOf(made);
        Assert.Equal(HttpStatusCode.OK, (await scim.GetAsync("/Schemas", Ct)).Status);
        var refused = await scim.GetAsync("/Schemas/urn:ann@acme.example?filter=userName%20eq%20%22ann@acme.example%22", Ct);
        Assert.Equal(HttpStatusCode.NotFound, refused.Status);
        Assert.Equal(HttpStatusCode.NotImplemented, (await scim.PatchAsync("/Me", "{}", Ct)).Status);

        var log = await LogAsync(organization, made, 2);

        Assert.Equal(["patch Me refused 501", "discover Discovery refused 404"], log.Select(e => $"{Text(e, "operation")} {Text(e, "resourceType")} {Text(e, "outcome")} {e.GetProperty("status").GetInt32()}"));
        Assert.DoesNotContain("ann@", log[1].GetRawText(), StringComparison.Ordinal);
        Assert.Equal("?filter=userName eq \"a…@acme.example\"", Text(log[1], "request"));
        Assert.Contains("There is no Schema", Text(log[1], "detail"), StringComparison.Ordinal);
        Assert.Equal(32, Text(log[1], "traceId").Length);
        Assert.InRange(log[1].GetProperty("durationMs").GetInt32(), 0, 60_000);
    }

    [Fact]
    public async Task A_disabled_directory_says_so_in_its_log_and_a_wrong_token_leaves_no_trace()
    {
        var (organization, made) = await DirectoryAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await idp.ScimOf(made, DirectorySecret.New(made.Token.Token.Id)).PostAsync("/Me", "{}", Ct)).Status);
        await idp.UseAsync<DirectoryService, OrganizationDirectory>(
            s => s.UpdateAsync(organization.Id, made.Directory.Id, new DirectoryChanges { Status = (DirectoryStatus?)DirectoryStatus.Disabled }, Granter.Instance, null, Ct), organization.Id);
        Assert.Equal(HttpStatusCode.Forbidden, (await idp.ScimOf(made).PostAsync("/Me", "{}", Ct)).Status);

        var entry = Assert.Single(await LogAsync(organization, made, 1));

        Assert.Equal((403, "create"), (entry.GetProperty("status").GetInt32(), Text(entry, "operation")));
        Assert.Contains("disabled", Text(entry, "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filters_narrow_it_and_pages_go_back_in_time()
    {
        var (organization, made) = await DirectoryAsync();
        var log = idp.Services.GetRequiredService<DirectoryLog>();
        var user = "usr_01m85ggprjfjsbts0tghkhvg2w";
        foreach (var (operation, status, resource) in new[] { ("create", 201, user), ("patch", 400, user), ("delete", 503, "x"), ("patch", 200, "y") })
            log.Record(made.Directory, new DirectoryLogFacts(operation, "User", status, TimeSpan.FromMilliseconds(5)) { ResourceId = resource, Detail = new string('d', 1_000), Request = new string('r', 5_000) });
        await LogAsync(organization, made, 4);

        Assert.Equal(["patch 400"], await ShownAsync(organization, made, "?outcome=refused"));
        Assert.Equal(["delete 503"], await ShownAsync(organization, made, "?outcome=failed"));
        Assert.Equal(["patch 200", "patch 400"], (await ShownAsync(organization, made, "?operation=patch")).Order());
        Assert.Equal(["create 201", "patch 400"], (await ShownAsync(organization, made, $"?resource={user}")).Order());
        var first = await ReadAsync(organization, made, "?limit=3");
        var second = await ReadAsync(organization, made, $"?limit=3&after={Uri.EscapeDataString(first.GetProperty("next").GetString()!)}"); // four entries make a second page
        Assert.Equal((3, 1), (first.GetProperty("data").GetArrayLength(), second.GetProperty("data").GetArrayLength()));
        var entry = first.GetProperty("data")[0];
        Assert.Equal((DirectoryLogEntry.MaxDetail, DirectoryLogEntry.MaxRequest), (Text(entry, "detail").Length, Text(entry, "request").Length));
    }

    [Fact]
    public async Task What_can_not_be_written_is_left_out_and_fails_nothing()
    {
        var (organization, made) = await DirectoryAsync();
        var log = idp.Services.GetRequiredService<DirectoryLog>();
        var gone = await idp.CreateDirectoryAsync(organization, Ct);
        await idp.UseAsync<DirectoryDeletion, DirectoryImpact>(s => s.DeleteAsync(organization.Id, gone.Directory.Id, null, Ct), organization.Id);
        log.Record(gone.Directory, new DirectoryLogFacts("create", "User", 201, TimeSpan.Zero));
        log.Record(made.Directory, new DirectoryLogFacts("\u0000\ud800" + new string('o', 100), "User", 201, TimeSpan.MaxValue) { Detail = "a\r\nb" });

        var entry = Assert.Single(await LogAsync(organization, made, 1));

        Assert.Equal(DirectoryLogEntry.MaxName, Text(entry, "operation").Length);
        Assert.Equal("a  b", Text(entry, "detail"));
    }

    [Fact]
    public async Task It_is_kept_for_thirty_days_and_ended_tokens_too()
    {
        var (organization, made) = await DirectoryAsync();
        var (old, now) = (TimeProvider.System.GetUtcNow().AddDays(-31), TimeProvider.System.GetUtcNow());
        await idp.InScopeAsync<IdpDbContext, int>(
            async db =>
            {
                db.DirectoryLog.AddRange(DirectoryLogEntry.Of(made.Directory, new("create", "User", 201, TimeSpan.Zero), old), DirectoryLogEntry.Of(made.Directory, new("patch", "User", 200, TimeSpan.Zero), now));
                var (ended, live) = (DirectoryToken.Create(made.Directory, old.AddHours(1), "test", old.AddHours(-1)).Value.Token, DirectoryToken.Create(made.Directory, now.AddDays(-29), "test", now.AddDays(-30)).Value.Token);
                db.DirectoryTokens.AddRange(ended, live);
                return await db.SaveChangesAsync(Ct);
            }, organization.Id);

        await idp.InScopeAsync<Pruning, bool>(async pruning =>
        {
            await pruning.PruneAsync(Ct);
            return true;
        });

        Assert.Equal(["patch 200"], await ShownAsync(organization, made, ""));
        Assert.Equal(2, await idp.InScopeAsync<IdpDbContext, int>(db => db.DirectoryTokens.CountAsync(t => t.DirectoryId == made.Directory.Id, Ct), organization.Id));
    }

    [Fact]
    public async Task Each_request_is_measured_by_operation_and_outcome()
    {
        var (_, made) = await DirectoryAsync();
        using var listener = new Listener(idp.Services);
        await idp.ScimOf(made).GetAsync("/Schemas", Ct);
        await idp.ScimOf(made).DeleteAsync("/Me", Ct);
        await idp.ScimOf(made, "nonsense").GetAsync("/ResourceTypes", Ct);

        foreach (var (operation, outcome) in new[] { ("discover", "succeeded"), ("delete", "refused"), ("discover", "refused") })
        {
            bool IsIt(Measured m) => Equals(m["tenantidp.scim.operation"], operation) && Equals(m["tenantidp.scim.outcome"], outcome);
            await listener.WaitAsync("tenantidp.scim.operations", IsIt, Ct);
            await listener.WaitAsync("tenantidp.scim.operation.duration", IsIt, Ct);
        }
    }

    private async Task<(Organization Organization, MadeDirectory Made)> DirectoryAsync()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        return (organization, await idp.CreateDirectoryAsync(organization, Ct));
    }

    private async Task<IReadOnlyList<JsonElement>> LogAsync(Organization organization, MadeDirectory made, int entries)
    {
        IReadOnlyList<JsonElement> found = [];
        await Waiting.UntilAsync(
            async () => (found = [.. (await ReadAsync(organization, made, "")).GetProperty("data").EnumerateArray()]).Count >= entries, TimeSpan.FromSeconds(30), $"{entries} entries", Ct);
        return found;
    }

    private async Task<IReadOnlyList<string>> ShownAsync(Organization organization, MadeDirectory made, string query) =>
        [.. (await ReadAsync(organization, made, query)).GetProperty("data").EnumerateArray().Select(e => $"{Text(e, "operation")} {e.GetProperty("status").GetInt32()}")];

    private async Task<JsonElement> ReadAsync(Organization organization, MadeDirectory made, string query)
    {
        var bootstrap = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{idp.Issuer}/api/v1/organizations/{organization.Id}/directories/{made.Directory.Id}/log{query}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await idp.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!; // it has one
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryLogOnSqlite(SqliteIdp idp) : DirectoryLogTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class DirectoryLogOnPostgreSql(PostgreSqlIdp idp) : DirectoryLogTests(idp);
