using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Tokens;
using Xunit;

namespace TenantIdP.Tests.Management;

public abstract class IdempotencyTests(ManagementHost host)
{
    private const string Caller = "app app_operator";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewKey() => ManagementHost.Unique("key");

    private static string Organization() => $$"""{"displayName":"{{ManagementHost.Unique("Named")}}"}""";

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string key, string body, string path = "organizations")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await client.SendAsync(request, Ct);
    }

    private static bool IsReplay(HttpResponseMessage answer) => answer.Headers.TryGetValues("Idempotency-Replayed", out var values) && values.Single() == "true";

    private Task<int> OrganizationsAsync(string body)
    {
        var name = JsonDocument.Parse(body).RootElement.GetProperty("displayName").GetString();
        return host.ReadAsync(null, db => db.Organizations.CountAsync(o => o.DisplayName == name, Ct));
    }

    /// <summary>Somebody has begun the same request.</summary>
    private async Task<(NamedRequest Request, int Attempt)> BeginAsync(string key, string body)
    {
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"POST\n/api/v1/organizations\n{body}")));
        var request = new NamedRequest(Caller, key, fingerprint);
        var begun = Assert.IsType<NamedRequestState.Begun>(await host.UseAsync<IdempotencyKeys, NamedRequestState>(null, keys => keys.BeginAsync(request, Ct)));
        return (request, begun.Attempt);
    }

    private Task<int> RunOutAsync(string key)
    {
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        return host.ReadAsync(null, db => db.IdempotencyKeys.Where(k => k.Key == key).ExecuteUpdateAsync(set => set.SetProperty(k => k.ExpiresAt, past), Ct));
    }

    [Fact]
    public async Task A_request_sent_twice_with_one_key_runs_once_and_is_answered_alike()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), Organization());
        var (first, second) = (await PostAsync(client, key, body), await PostAsync(client, key, body));
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.False(IsReplay(first));
        Assert.True(IsReplay(second));
        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(Ct), await second.Content.ReadAsStringAsync(Ct));
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.NotNull(second.Headers.ETag);
        Assert.Equal("application/json", second.Content.Headers.ContentType?.MediaType);
        Assert.Equal(1, await OrganizationsAsync(body));
    }

    [Fact]
    public async Task A_key_of_another_body_or_address_is_422_and_nothing_runs()
    {
        using var client = host.AsOperator();
        var (key, other) = (NewKey(), Organization());
        await PostAsync(client, key, Organization());
        await AssertProblem.IsAsync(await PostAsync(client, key, other), HttpStatusCode.UnprocessableEntity, "idempotency_key_reused", Ct);
        await AssertProblem.IsAsync(await PostAsync(client, key, """{"key":"auditor","displayName":"A"}""", "roles"), HttpStatusCode.UnprocessableEntity, "idempotency_key_reused", Ct);
        Assert.Equal(0, await OrganizationsAsync(other));
    }

    [Fact]
    public async Task Another_callers_key_of_the_same_text_is_another_key()
    {
        using var client = host.AsOperator();
        using var another = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_another", null, null, null, "", [$"{ManagementHost.Issuer}/api/v1"], ["management"])));
        var (key, body) = (NewKey(), Organization());
        await PostAsync(client, key, body);
        Assert.False(IsReplay(await PostAsync(another, key, body)));
        Assert.Equal(2, await OrganizationsAsync(body));
    }

    [Fact]
    public async Task A_secret_that_is_shown_once_comes_again_with_the_key_and_lies_sealed()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), """{"displayName":"Site","kind":"web","redirectUris":["https://site.example.test/cb"],"scopes":["openid"]}""");
        var (first, second) = (await PostAsync(client, key, body, "apps"), await PostAsync(client, key, body, "apps"));
        var secret = (await first.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("clientSecret").GetString()!; // a web app has one
        Assert.True(IsReplay(second));
        Assert.Equal(secret, (await second.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("clientSecret").GetString());
        var kept = (await host.ReadAsync(null, db => db.IdempotencyKeys.AsNoTracking().SingleAsync(k => k.Key == key, Ct))).Answer!; // answered
        Assert.StartsWith("v1.", kept, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, kept, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, Encoding.UTF8.GetString(Convert.FromBase64String(kept.Split('.')[2])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData(null)]
    public async Task A_key_that_is_none_is_400(string? key)
    {
        using var client = host.AsOperator();
        await AssertProblem.IsAsync(await PostAsync(client, key ?? new string('k', 256), Organization()), HttpStatusCode.BadRequest, "idempotency_key_invalid", Ct);
    }

    [Fact]
    public async Task Two_keys_are_none_and_a_key_of_255_letters_is_one()
    {
        using var client = host.AsOperator();
        using var request = new HttpRequestMessage(HttpMethod.Post, "organizations") { Content = JsonContent.Create(new { displayName = "A" }) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", ["one", "two"]);
        await AssertProblem.IsAsync(await client.SendAsync(request, Ct), HttpStatusCode.BadRequest, "idempotency_key_invalid", Ct);
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(client, NewKey().PadRight(255, '~'), Organization())).StatusCode);
    }

    [Fact]
    public async Task While_the_first_is_under_way_the_second_is_told_to_wait()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), Organization());
        await BeginAsync(key, body);
        var answer = await PostAsync(client, key, body);
        await AssertProblem.IsAsync(answer, HttpStatusCode.Conflict, "idempotency_key_in_use", Ct);
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60); // it says when
        Assert.Equal(0, await OrganizationsAsync(body));
    }

    [Fact]
    public async Task A_node_that_died_blocks_a_key_for_a_minute_and_answers_no_more_when_it_comes_back()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), Organization());
        var (request, attempt) = await BeginAsync(key, body);
        await RunOutAsync(key);
        var ran = await PostAsync(client, key, body);
        Assert.Equal(HttpStatusCode.Created, ran.StatusCode);

        await host.UseAsync<IdempotencyKeys, bool>(null, async keys =>
        {
            await keys.FinishAsync(request, attempt, new KeptAnswer(418, new Dictionary<string, string>(), []), Ct);
            await keys.ReleaseAsync(request, attempt, Ct);
            return true;
        });
        var replay = await PostAsync(client, key, body);
        Assert.True(IsReplay(replay));
        Assert.Equal(await ran.Content.ReadAsStringAsync(Ct), await replay.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Twenty_at_once_with_one_key_run_once()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), Organization());
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PostAsync(client, key, body)));
        Assert.Equal(1, await OrganizationsAsync(body));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created && !IsReplay(a));
        foreach (var answer in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) await AssertProblem.IsAsync(answer, HttpStatusCode.Conflict, "idempotency_key_in_use", Ct);
    }

    [Fact]
    public async Task A_refusal_is_kept_and_a_failure_of_ours_is_not()
    {
        using var client = host.AsOperator();
        var key = NewKey();
        await AssertProblem.IsAsync(await PostAsync(client, key, "{}"), HttpStatusCode.BadRequest, "validation_failed", Ct);
        var again = await PostAsync(client, key, "{}");
        await AssertProblem.IsAsync(again, HttpStatusCode.BadRequest, "validation_failed", Ct);
        Assert.True(IsReplay(again));

        var (second, body) = (NewKey(), """{"displayName":"Site","kind":"web","redirectUris":["https://site.example.test/cb"],"scopes":["openid"]}""");
        host.Apps.Breaks = true;
        using var bare = new HttpClient { BaseAddress = client.BaseAddress }; // this host has no middleware that tells failures
        bare.DefaultRequestHeaders.Authorization = client.DefaultRequestHeaders.Authorization;
        Assert.Equal(HttpStatusCode.InternalServerError, (await PostAsync(bare, second, body, "apps")).StatusCode);
        host.Apps.Breaks = false;
        var ran = await PostAsync(client, second, body, "apps");
        Assert.Equal(HttpStatusCode.Created, ran.StatusCode);
        Assert.False(IsReplay(ran));
    }

    [Fact]
    public async Task After_a_day_the_key_is_free_and_its_answer_is_deleted()
    {
        using var client = host.AsOperator();
        var (key, body) = (NewKey(), Organization());
        await PostAsync(client, key, body);
        var kept = await host.ReadAsync(null, db => db.IdempotencyKeys.AsNoTracking().SingleAsync(k => k.Key == key, Ct));
        Assert.InRange(kept.ExpiresAt - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(23.9), TimeSpan.FromHours(24));

        await RunOutAsync(key);
        Assert.False(IsReplay(await PostAsync(client, key, body)));
        Assert.Equal(2, await OrganizationsAsync(body));
        await RunOutAsync(key);
        await host.ReadAsync(null, async db =>
        {
            await new Pruning(db, new TestRevoker(), TimeProvider.System).PruneAsync(Ct);
            return true;
        });
        Assert.Equal(0, await host.ReadAsync(null, db => db.IdempotencyKeys.CountAsync(k => k.Key == key, Ct)));
    }

    [Fact]
    public async Task Who_is_no_longer_let_in_gets_no_answer_again()
    {
        var user = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, user);
        var (session, grant) = await host.SignInAsync(user, organization, Ct);
        using var client = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_site", user, session, organization, grant, [$"{ManagementHost.Issuer}/api/v1"], ["openid"])));
        var (key, body, path) = (NewKey(), """{"key":"auditor","displayName":"Auditor"}""", $"organizations/{organization}/roles");
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(client, key, body, path)).StatusCode);
        host.Tokens.End(grant);
        await AssertProblem.IsAsync(await PostAsync(client, key, body, path), HttpStatusCode.Unauthorized, "invalid_token", Ct);
    }
}

public sealed class IdempotencyOnSqlite(SqliteManagement host) : IdempotencyTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class IdempotencyOnPostgreSql(PostgreSqlManagement host) : IdempotencyTests(host), IClassFixture<PostgreSqlManagement>;
