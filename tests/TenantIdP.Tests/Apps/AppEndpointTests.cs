using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Clients;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Apps;

public abstract class AppEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<(string Id, string Secret)> NewAppAsync(HttpClient client, string kind = "web")
    {
        var made = await ReadAsync(await client.PostAsJsonAsync("apps", new { displayName = "Site", kind, redirectUris = new[] { "https://site.example.test/cb" } }, Ct), HttpStatusCode.Created);
        return (made.GetProperty("app").GetProperty("id").GetString()!, made.GetProperty("clientSecret").GetString() ?? ""); // every app has an id
    }

    private static async Task<List<JsonElement>> SecretsAsync(HttpClient client, string app) =>
        [.. (await ReadAsync(await client.GetAsync($"apps/{app}/secrets", Ct), HttpStatusCode.OK)).GetProperty("data").EnumerateArray()];

    [Fact]
    public async Task An_app_has_a_version_and_is_changed_in_that_version_only()
    {
        using var client = host.AsOperator();
        var (id, _) = await NewAppAsync(client);
        using var read = await client.GetAsync($"apps/{id}", Ct);
        Assert.Equal("\"0\"", read.Headers.ETag!.ToString()); // a versioned answer has one

        async Task<HttpResponseMessage> RenameAsync(string name, string tag)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"apps/{id}") { Content = JsonContent.Create(new { displayName = name, accessTokenSeconds = 120, grantTypes = new[] { "authorization_code" } }) };
            request.Headers.TryAddWithoutValidation("If-Match", tag);
            return await client.SendAsync(request, Ct);
        }

        using var first = await RenameAsync("First", "\"0\"");
        var changed = await ReadAsync(first, HttpStatusCode.OK);
        Assert.Equal(("First", 1, 120), (changed.GetProperty("displayName").GetString(), changed.GetProperty("version").GetInt32(), changed.GetProperty("accessTokenSeconds").GetInt32()));
        Assert.Equal(["authorization_code"], changed.GetProperty("grantTypes").EnumerateArray().Select(g => g.GetString()));
        Assert.Equal("\"1\"", first.Headers.ETag!.ToString()); // as above
        using var late = await RenameAsync("Late", "\"0\"");
        await AssertProblem.IsAsync(late, HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        Assert.Equal("First", (await ReadAsync(await client.GetAsync($"apps/{id}", Ct), HttpStatusCode.OK)).GetProperty("displayName").GetString());
    }

    [Fact]
    public async Task A_second_secret_lives_beside_the_first_and_a_third_is_refused()
    {
        using var client = host.AsOperator();
        var (id, first) = await NewAppAsync(client);

        var second = await ReadAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { }, Ct), HttpStatusCode.Created);
        var listed = await SecretsAsync(client, id);

        Assert.Equal(2, listed.Count);
        Assert.Contains(listed, s => first.StartsWith(s.GetProperty("prefix").GetString()!, StringComparison.Ordinal)); // made here
        Assert.All(listed, s => Assert.Equal(AppSecrets.Prefix.Length + 8, s.GetProperty("prefix").GetString()!.Length)); // as above
        Assert.DoesNotContain("sha256", JsonSerializer.Serialize(listed), StringComparison.Ordinal);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { }, Ct), HttpStatusCode.Conflict, "app_secret_limit", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { overlapSeconds = 60 }, Ct), HttpStatusCode.Conflict, "app_secret_limit", Ct);

        var old = listed.Single(s => s.GetProperty("id").GetString() != second.GetProperty("secret").GetProperty("id").GetString()).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"apps/{id}/secrets/{old}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.DeleteAsync($"apps/{id}/secrets/{old}", Ct), HttpStatusCode.NotFound, "app_secret_not_found", Ct);
        Assert.DoesNotContain(host.Apps.Secrets[Id<App>.Parse(id, null)], s => MachineSecret.Matches(first, s.Hash));
    }

    [Fact]
    public async Task A_rotation_ends_the_old_secret_at_once_or_after_the_overlap()
    {
        using var client = host.AsOperator();
        var (id, first) = await NewAppAsync(client);
        var app = Id<App>.Parse(id, null);

        var second = (await ReadAsync(await client.PostAsync($"apps/{id}/secret?overlapSeconds=3600", null, Ct), HttpStatusCode.OK)).GetProperty("clientSecret").GetString()!; // shown once
        var stored = AppSecrets.Write(host.Apps.Secrets[app]);
        var now = TimeProvider.System.GetUtcNow();
        Assert.True(AppSecrets.Matches(first, stored, now.AddSeconds(3_500)));
        Assert.False(AppSecrets.Matches(first, stored, now.AddSeconds(3_601)));
        Assert.True(AppSecrets.Matches(second, stored, now.AddSeconds(3_601)));

        var third = (await ReadAsync(await client.PostAsync($"apps/{id}/secret", null, Ct), HttpStatusCode.OK)).GetProperty("clientSecret").GetString()!; // shown once
        var only = Assert.Single(host.Apps.Secrets[app]);
        Assert.True(MachineSecret.Matches(third, only.Hash));
        await AssertProblem.IsAsync(await client.PostAsync($"apps/{id}/secret?overlapSeconds=2592001", null, Ct), HttpStatusCode.BadRequest, "overlap_invalid", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { expiresAt = "2020-01-01T00:00:00Z" }, Ct), HttpStatusCode.BadRequest, "secret_expiry_invalid", Ct);
    }

    [Fact]
    public async Task An_app_with_keys_has_no_secret_and_events_name_its_keys_by_thumbprint()
    {
        using var client = host.AsOperator();
        using var key = new SigningApp();
        var asked = new
        {
            displayName = "Site", kind = "machine", tokenEndpointAuthMethod = "private_key_jwt",
            jwks = new { keys = new object[] { new { kty = "EC", crv = "P-256", kid = SigningApp.EcKid, x = key.EcKey.X, y = key.EcKey.Y, key_ops = new[] { "verify" } } }, note = "ours" },
        };
        var made = await ReadAsync(await client.PostAsJsonAsync("apps", asked, Ct), HttpStatusCode.Created);
        var id = made.GetProperty("app").GetProperty("id").GetString();

        Assert.Equal(JsonValueKind.Null, made.GetProperty("clientSecret").ValueKind);
        var kept = made.GetProperty("app").GetProperty("jwks");
        Assert.Equal(["keys"], kept.EnumerateObject().Select(m => m.Name));
        Assert.Equal(["crv", "kid", "kty", "x", "y"], Assert.Single(kept.GetProperty("keys").EnumerateArray()).EnumerateObject().Select(m => m.Name).Order());
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { }, Ct), HttpStatusCode.Conflict, "app_without_secret", Ct);

        var moved = await ReadAsync(await client.PatchAsJsonAsync($"apps/{id}", new { jwks = (object?)null, jwksUri = "https://site.example.test/jwks" }, Ct), HttpStatusCode.OK);
        Assert.Equal((JsonValueKind.Null, "https://site.example.test/jwks", 1), (moved.GetProperty("jwks").ValueKind, moved.GetProperty("jwksUri").GetString(), moved.GetProperty("version").GetInt32()));
        var events = await host.ReadAsync(null, db => db.Events.IgnoreQueryFilters(["organization"]).Where(e => e.TargetId == id).OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(Ct));
        Assert.Equal(2, events.Count);
        Assert.All(events, e => Assert.Contains(AppKeyRules.Thumbprint(key.EcKey), e, StringComparison.Ordinal));
        Assert.All(events, e => Assert.DoesNotContain(key.EcKey.X!, e, StringComparison.Ordinal)); // an EC key has one
    }

    [Fact]
    public async Task Methods_and_keys_that_do_not_go_together_are_refused()
    {
        using var client = host.AsOperator();
        using var key = new SigningApp();
        async Task RefusedAsync(string code, string kind, string? method, object? jwks, string? jwksUri = null) =>
            await AssertProblem.IsAsync(await client.PostAsJsonAsync("apps", new { displayName = "Site", kind, redirectUris = new[] { "https://site.example.test/cb" }, tokenEndpointAuthMethod = method, jwks, jwksUri }, Ct), HttpStatusCode.BadRequest, code, Ct);
        var good = new { keys = new[] { new { kty = "EC", crv = "P-256", x = key.EcKey.X, y = key.EcKey.Y } } };
        var withPrivate = new { keys = new[] { new { kty = "EC", crv = "P-256", x = key.EcKey.X, y = key.EcKey.Y, d = "AAAA" } } };

        await RefusedAsync("token_endpoint_auth_method_invalid", "web", "none", null);
        await RefusedAsync("token_endpoint_auth_method_invalid", "web", "client_secret_jwt", null);
        await RefusedAsync("token_endpoint_auth_method_invalid", "public", "private_key_jwt", good);
        await RefusedAsync("token_endpoint_auth_method_invalid", "public", "client_secret_basic", null);
        await RefusedAsync("jwks_required", "web", "private_key_jwt", null);
        await RefusedAsync("jwks_required", "web", "private_key_jwt", good, "https://site.example.test/jwks");
        await RefusedAsync("jwks_required", "web", "client_secret_basic", good);
        await RefusedAsync("jwks_required", "web", null, null, "https://site.example.test/jwks");
        await RefusedAsync("jwks_invalid", "web", "private_key_jwt", new { keys = Array.Empty<object>() });
        await RefusedAsync("jwks_private_key", "web", "private_key_jwt", withPrivate);
        await RefusedAsync("jwks_uri_invalid", "web", "private_key_jwt", null, "http://site.example.test/jwks");
        await RefusedAsync("jwks_uri_invalid", "web", "private_key_jwt", null, "file:///etc/passwd");
    }

    [Fact]
    public async Task A_public_app_gets_no_secret()
    {
        using var client = host.AsOperator();
        var (id, secret) = await NewAppAsync(client, "public");

        Assert.Equal("", secret);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"apps/{id}/secrets", new { }, Ct), HttpStatusCode.Conflict, "app_without_secret", Ct);
        Assert.Empty(await SecretsAsync(client, id));
    }
}

public sealed class AppEndpointsOnSqlite(SqliteManagement host) : AppEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class AppEndpointsOnPostgreSql(PostgreSqlManagement host) : AppEndpointTests(host), IClassFixture<PostgreSqlManagement>;
