using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Webhooks;
using TenantIdP.Tests.Management;
using TenantIdP.Tests.Outbound;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

/// <summary>Endpoints as people set them up: who may, what is refused, and what nobody gets to see.</summary>
public abstract class WebhookManagementTests(ManagementHost host)
{
    private const string Url = "https://hooks.example.com/services/T000/secret-path";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "H2")]
    public async Task The_secret_is_shown_once_and_is_nowhere_else()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var made = await MakeAsync(api, organization);
        var (id, secret) = (made.GetProperty("webhook").GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!); // a created endpoint has both
        Assert.Equal(32, Convert.FromBase64String(secret["whsec_".Length..]).Length);

        using var rotated = await api.PostAsync($"organizations/{organization}/webhooks/{id}/secret?overlapSeconds=60", null, Ct);
        var next = (await ReadAsync(rotated)).GetProperty("secret").GetString()!; // it answers one
        Assert.NotEqual(secret, next);
        string[] seen =
        [
            await api.GetStringAsync($"organizations/{organization}/webhooks/{id}", Ct), await api.GetStringAsync($"organizations/{organization}/webhooks", Ct),
            await host.ReadAsync(organization, async db => string.Join('\n', await db.Events.Select(e => e.Data).ToListAsync(Ct))),
            await host.ReadAsync(organization, async db => string.Join('\n', (await db.WebhookEndpoints.Select(w => w.Secrets).ToListAsync(Ct)).SelectMany(s => s).Select(s => s.Sealed))),
        ];
        foreach (var text in seen)
        {
            Assert.DoesNotContain(secret["whsec_".Length..], text, StringComparison.Ordinal);
            Assert.DoesNotContain(next["whsec_".Length..], text, StringComparison.Ordinal);
        }

        Assert.Equal(2, JsonDocument.Parse(seen[0]).RootElement.GetProperty("secrets").GetArrayLength());
        Assert.DoesNotContain("secret-path", seen[2], StringComparison.Ordinal); // a path is often a secret
        Assert.Contains("hooks.example.com", seen[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_change_is_an_event_and_a_version()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var id = await MakeIdAsync(api, organization);
        var path = $"organizations/{organization}/webhooks/{id}";
        using var shown = await api.GetAsync(path, Ct);
        var tag = shown.Headers.ETag!; // every aggregate has one

        using (var changed = await SendAsync(api, HttpMethod.Patch, path, new { eventTypes = new[] { "app.*", "member.joined", "app.*" }, description = "Billing" }, tag.Tag))
        {
            var body = await ReadAsync(changed);
            Assert.Equal(["app.*", "member.joined"], body.GetProperty("eventTypes").EnumerateArray().Select(e => e.GetString()));
            Assert.Equal("Billing", body.GetProperty("description").GetString());
        }

        await AssertProblem.IsAsync(await SendAsync(api, HttpMethod.Patch, path, new { description = "Late" }, tag.Tag), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        using (var disabled = await SendAsync(api, HttpMethod.Patch, path, new { enabled = false }))
        {
            var body = await ReadAsync(disabled);
            Assert.Equal(("disabled", "manual", owner.ToString()), (body.GetProperty("status").GetString(), body.GetProperty("disabled").GetProperty("reason").GetString(), body.GetProperty("disabled").GetProperty("by").GetString()));
        }

        using (var enabled = await SendAsync(api, HttpMethod.Patch, path, new { enabled = true })) Assert.Equal(JsonValueKind.Null, (await ReadAsync(enabled)).GetProperty("disabled").ValueKind);
        using (var rotated = await api.PostAsync($"{path}/secret", null, Ct)) Assert.True(rotated.IsSuccessStatusCode);
        using (var deleted = await api.DeleteAsync(path, Ct)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await AssertProblem.IsAsync(await api.GetAsync(path, Ct), HttpStatusCode.NotFound, "webhook_not_found", Ct);

        var recorded = await host.ReadAsync(organization, db => db.Events.Where(e => e.TargetId == id).OrderBy(e => e.OccurredAt).Select(e => e.Type).ToListAsync(Ct));
        Assert.Equal(
            [EventTypes.WebhookCreated, EventTypes.WebhookUpdated, EventTypes.WebhookDisabled, EventTypes.WebhookEnabled, EventTypes.WebhookSecretRotated, EventTypes.WebhookDeleted], recorded);
    }

    [Fact]
    public async Task Two_secrets_live_at_most_and_an_overlap_of_nothing_ends_the_old_one()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var id = await MakeIdAsync(api, organization);
        var path = $"organizations/{organization}/webhooks/{id}";

        using (var first = await api.PostAsync($"{path}/secret", null, Ct)) Assert.Equal(2, Secrets(await ReadAsync(first)).Count);
        using (var second = await api.PostAsync($"{path}/secret?overlapSeconds=604800", null, Ct)) Assert.Equal(2, Secrets(await ReadAsync(second)).Count);
        using (var third = await api.PostAsync($"{path}/secret?overlapSeconds=0", null, Ct)) Assert.Null(Assert.Single(Secrets(await ReadAsync(third))).GetProperty("expiresAt").GetString());
        await AssertProblem.IsAsync(await api.PostAsync($"{path}/secret?overlapSeconds=604801", null, Ct), HttpStatusCode.BadRequest, "webhook_overlap_invalid", Ct);
        await AssertProblem.IsAsync(await api.PostAsync($"{path}/secret?overlapSeconds=-1", null, Ct), HttpStatusCode.BadRequest, "webhook_overlap_invalid", Ct);

        static List<JsonElement> Secrets(JsonElement answer) => [.. answer.GetProperty("webhook").GetProperty("secrets").EnumerateArray()];
    }

    [Theory]
    [Trait("Attack", "G1")]
    [InlineData("http://hooks.example.com/")]
    [InlineData("ftp://hooks.example.com/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://0/")]
    [InlineData($"https://{OutboundTargetTests.HostWithoutIdnForm}/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://172.16.0.1/")]
    [InlineData("https://192.168.1.1/")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    [InlineData("https://localhost/")]
    [InlineData("https://localhost./")]
    [InlineData("https://intranet/")]
    [InlineData("https://hooks.example.com:8443/")]
    [InlineData("https://user:password@hooks.example.com/")]
    [InlineData("https://hooks.example.com/#fragment")]
    [InlineData("https://hooks.example.com/#")]
    [InlineData("/relative")]
    [InlineData("javascript:alert(1)")]
    public async Task A_url_that_leads_inside_or_is_no_plain_https_is_refused(string url)
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        await AssertProblem.IsAsync(await PostAsync(api, organization, url, ["*"]), HttpStatusCode.BadRequest, "webhook_url_invalid", Ct);
        var id = await MakeIdAsync(api, organization);

        await AssertProblem.IsAsync(await SendAsync(api, HttpMethod.Patch, $"organizations/{organization}/webhooks/{id}", new { url }), HttpStatusCode.BadRequest, "webhook_url_invalid", Ct);
    }

    [Fact]
    public async Task What_is_too_long_too_many_or_does_not_exist_is_refused()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);

        await AssertProblem.IsAsync(await PostAsync(api, organization, "https://hooks.example.com/" + new string('a', 2_000), ["*"]), HttpStatusCode.BadRequest, "webhook_url_invalid", Ct);
        foreach (var types in new string[][] { [], ["member.joind"], [.. Enumerable.Repeat("*", 51)], ["webhook.test"] })
            await AssertProblem.IsAsync(await PostAsync(api, organization, Url, types), HttpStatusCode.BadRequest, "webhook_event_types_invalid", Ct);

        var made = await Task.WhenAll(Enumerable.Range(0, WebhookEndpoint.Most + 3).Select(_ => PostAsync(api, organization, Url, ["*"])));
        Assert.Equal(WebhookEndpoint.Most, made.Count(m => m.StatusCode == HttpStatusCode.Created)); // all at once
        await AssertProblem.IsAsync(made.First(m => m.StatusCode != HttpStatusCode.Created), HttpStatusCode.Conflict, "webhook_limit", Ct);
        foreach (var answer in made) answer.Dispose();
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Whoever_may_not_read_events_does_not_get_them_by_an_endpoint()
    {
        var (organization, owner) = await OrganizationAsync();
        using var api = await host.AsUserAsync(owner, organization, Ct);
        var id = await MakeIdAsync(api, organization);
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(
            organization, new NewRole(ManagementHost.Unique("r"), "Hooks", [Permission.WebhooksRead, Permission.WebhooksWrite]), Granter.Instance, Ct))).Value!; // valid
        var member = await host.NewMemberAsync(organization, role.Key, Ct);
        using var their = await host.AsUserAsync(member.Membership.UserId, organization, Ct);
        var path = $"organizations/{organization}/webhooks/{id}";

        await AssertProblem.IsAsync(await PostAsync(their, organization, Url, ["*"]), HttpStatusCode.Forbidden, "webhook_events_required", Ct);
        await AssertProblem.IsAsync(await SendAsync(their, HttpMethod.Patch, path, new { url = "https://evil.example.com/" }), HttpStatusCode.Forbidden, "webhook_events_required", Ct);
        await AssertProblem.IsAsync(await their.PostAsync($"{path}/test", null, Ct), HttpStatusCode.Forbidden, "webhook_events_required", Ct);
        var endpoint = (await host.UseAsync<WebhookService, Result<WebhookEndpoint>>(organization, s => s.FindAsync(organization, Id<WebhookEndpoint>.Parse(id, null), Ct))).Value!; // just made
        var delivery = (await host.UseAsync<WebhookTurns, (WebhookOutcome, WebhookDelivery Delivery)>(
            organization, s => s.EndAsync(s.BeginTest(endpoint), new WebhookRequest(TimeProvider.System.GetUtcNow(), "{}"), new WebhookAnswer(200, null, null, TimeSpan.Zero, null), Ct))).Delivery.Id;
        Assert.Equal("{}", (await api.GetFromJsonAsync<JsonElement>($"{path}/deliveries/{delivery}", Ct)).GetProperty("request").GetString());
        Assert.Equal(JsonValueKind.Null, (await their.GetFromJsonAsync<JsonElement>($"{path}/deliveries/{delivery}", Ct)).GetProperty("request").ValueKind);
        using (var disabled = await SendAsync(their, HttpMethod.Patch, path, new { enabled = false })) Assert.True(disabled.IsSuccessStatusCode, await disabled.Content.ReadAsStringAsync(Ct)); // which gives them nothing
        await AssertProblem.IsAsync(await SendAsync(their, HttpMethod.Patch, path, new { enabled = true }), HttpStatusCode.Forbidden, "webhook_events_required", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task An_endpoint_of_another_organization_or_of_the_instance_is_not_there()
    {
        var ((mine, me), (theirs, they)) = (await OrganizationAsync(), await OrganizationAsync());
        using var api = await host.AsUserAsync(me, mine, Ct);
        using var other = await host.AsUserAsync(they, theirs, Ct);
        using var operators = host.AsOperator();
        using var ofInstance = await operators.PostAsJsonAsync("webhooks", new { url = Url, eventTypes = new[] { "*" } }, Ct);
        var instance = (await ReadAsync(ofInstance)).GetProperty("webhook");
        Assert.Equal(JsonValueKind.Null, instance.GetProperty("organizationId").ValueKind);
        var instanceId = instance.GetProperty("id").GetString()!; // as above
        foreach (var id in new[] { await MakeIdAsync(other, theirs), instanceId })
        {
            var path = $"organizations/{mine}/webhooks/{id}";
            foreach (var read in new[] { path, $"{path}/deliveries" }) await AssertProblem.IsAsync(await api.GetAsync(read, Ct), HttpStatusCode.NotFound, "webhook_not_found", Ct);
            foreach (var write in new[] { $"{path}/secret", $"{path}/test" }) await AssertProblem.IsAsync(await api.PostAsync(write, null, Ct), HttpStatusCode.NotFound, "webhook_not_found", Ct);
            await AssertProblem.IsAsync(await SendAsync(api, HttpMethod.Patch, path, new { enabled = false }), HttpStatusCode.NotFound, "webhook_not_found", Ct);
            await AssertProblem.IsAsync(await api.DeleteAsync(path, Ct), HttpStatusCode.NotFound, "webhook_not_found", Ct);
        }

        Assert.Empty((await api.GetFromJsonAsync<JsonElement>($"organizations/{mine}/webhooks", Ct)).GetProperty("data").EnumerateArray());
        await AssertProblem.IsAsync(await operators.GetAsync($"webhooks/{await MakeIdAsync(other, theirs)}", Ct), HttpStatusCode.NotFound, "webhook_not_found", Ct); // it is its organization's
        using (var deleted = await operators.DeleteAsync($"webhooks/{instanceId}", Ct)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Fact]
    public async Task Endpoints_end_with_their_organization()
    {
        var (organization, owner) = await OrganizationAsync();
        using (var api = await host.AsUserAsync(owner, organization, Ct)) await MakeIdAsync(api, organization);
        using var operators = host.AsOperator();
        var slug = await host.ReadAsync(organization, db => db.Organizations.Where(o => o.Id == organization).Select(o => o.Slug).SingleAsync(Ct));

        using (var deleted = await operators.DeleteAsync($"organizations/{organization}", Ct)) Assert.True(deleted.IsSuccessStatusCode);
        var purged = await host.UseAsync<OrganizationDeletion, Result>(null, s => s.PurgeAsync(organization, slug.Value, Ct));

        Assert.True(purged.IsOk, purged.Error?.Code);
        Assert.Equal(0, await host.ReadAsync(organization, db => db.WebhookEndpoints.CountAsync(Ct)));
    }

    private async Task<(Id<Organization> Organization, Id<User> Owner)> OrganizationAsync()
    {
        var owner = await host.NewUserAsync(Ct);
        return (await host.NewOrganizationAsync(Ct, owner), owner);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, Id<Organization> organization, string url, string[] eventTypes) =>
        client.PostAsJsonAsync($"organizations/{organization}/webhooks", new { url, eventTypes }, Ct);

    private static async Task<JsonElement> MakeAsync(HttpClient client, Id<Organization> organization)
    {
        using var made = await PostAsync(client, organization, Url, ["*"]);
        return await ReadAsync(made);
    }

    private static async Task<string> MakeIdAsync(HttpClient client, Id<Organization> organization) => (await MakeAsync(client, organization)).GetProperty("webhook").GetProperty("id").GetString()!; // as above

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, object body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request, Ct);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }
}

public sealed class WebhookManagementOnSqlite(SqliteManagement host) : WebhookManagementTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class WebhookManagementOnPostgreSql(PostgreSqlManagement host) : WebhookManagementTests(host), IClassFixture<PostgreSqlManagement>;
