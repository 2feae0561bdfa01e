using System.Net;
using System.Text;
using System.Text.Json;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R8: identical requests at the same moment, at every node there is. One of them wins, the others are told so, and nothing is answered 500.</summary>
public abstract class SameMomentTests
{
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly int Rounds = Lengths.Runs(2, 10);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal abstract Fleet Fleet { get; }

    protected abstract Figures Figures { get; }

    protected abstract string Store { get; }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task One_slug_is_one_organizations()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var slug = World.Unique("slug");
            var answers = await PostAsync("organizations", new { displayName = "Same slug", slug }, 50);
            AssertOneWins("organization slug", answers, 201, "slug_taken");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task One_verified_address_is_one_persons()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var answers = await PostAsync("users", new { emails = new[] { new { address = World.Unique("same") + "@bench.example", verified = true } } }, 20);
            AssertOneWins("verified address", answers, 201, "email_taken");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task One_person_joins_once()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var (organization, user) = (await World.OrganizationAsync(Fleet, Ct), await World.UserAsync(Fleet, null, Ct));
            var answers = await PostAsync($"organizations/{organization}/members", new { userId = user.Id }, 50);
            AssertOneWins("member added", answers, 201, "already_member");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    [Trait("Attack", "C6")]
    public async Task One_host_is_verified_for_one_organization()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var host = World.Unique("host") + ".example";
            var claims = new List<string>();
            for (var i = 0; i < 2; i++)
            {
                var organization = await World.OrganizationAsync(Fleet, Ct);
                var domain = (await Fleet.Operator.PostAsync($"organizations/{organization}/domains", new { host }, Ct)).Text("id");
                claims.Add($"/api/v1/organizations/{organization}/domains/{domain}/verify-by-operator");
            }

            var authorization = await AuthorizationAsync();
            var answers = await Burst.SendAsync(Fleet.Running.All, [.. Enumerable.Range(0, 20).Select(i => new Burst.Request("POST", claims[i % 2], Json, """{"reason":"same moment"}""", authorization))], Ct);
            AssertOneWins("domain verified", answers, 200, "domain_unavailable", "domain_already_verified", "changed_meanwhile");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    [Trait("Attack", "C11")]
    public async Task An_organization_keeps_an_owner_whatever_is_taken_at_once()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var organization = await World.OrganizationAsync(Fleet, Ct);
            var members = new List<string>();
            for (var i = 0; i < 4; i++) members.Add(await World.AddAsync(Fleet, organization, (await World.UserAsync(Fleet, null, Ct)).Id, Ct, "owner"));
            var listed = await Fleet.Operator.GetAsync($"organizations/{organization}/members", Ct);
            var owners = listed.Body!["data"]!.AsArray().Select(m => (string)m!["id"]!).ToList(); // a list by the API's document
            Assert.Equal(5, owners.Count);

            var authorization = await AuthorizationAsync();
            var answers = await Burst.SendAsync(Fleet.Running.All, [.. Enumerable.Range(0, 50).Select(i => (i / owners.Count % 3, Member: owners[i % owners.Count]) switch
            {
                (0, var m) => new Burst.Request("DELETE", $"/api/v1/organizations/{organization}/members/{m}", Authorization: authorization),
                (1, var m) => new Burst.Request("POST", $"/api/v1/organizations/{organization}/members/{m}/deactivate", Json, "{}", authorization),
                (_, var m) => new Burst.Request("DELETE", $"/api/v1/organizations/{organization}/members/{m}/roles/owner", Authorization: authorization),
            })], Ct);

            Note("owners removed", answers);
            AssertNoneIsBroken(answers);
            var left = await Fleet.Operator.GetAsync($"organizations/{organization}/members", Ct);
            var standing = left.Body!["data"]!.AsArray().Where(m => (string)m!["status"]! == "active" && m["roles"]!.AsArray().Any(r => (string)r!["key"]! == "owner")).ToList(); // as above
            Assert.Single(standing);
            Assert.Contains(answers, a => a.Code == "last_owner");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    [Trait("Attack", "D3")]
    public async Task One_refresh_token_has_one_winner_and_its_family_ends()
    {
        var scene = await SceneAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var tokens = await SignedInAsync(scene, round);
            var answers = await Burst.SendAsync(Fleet.Running.All, TokenRequest(scene.App, ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken)), 20, Ct);
            AssertOneWins("refresh token", answers, 200, "invalid_grant");

            // A reuse was seen, so whoever won holds nothing that lives on.
            var won = JsonDocument.Parse(BodyOf(answers.Single(a => a.Status == 200))).RootElement.GetProperty("refresh_token").GetString()!; // a successful answer has one
            var after = await Fleet.RelyingParty(scene.App).RefreshAsync(won, Ct);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (after.Status, after.Error));
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task One_code_is_redeemed_once()
    {
        var scene = await SceneAsync();
        for (var round = 0; round < Rounds; round++)
        {
            using var browser = Fleet.NewBrowser();
            var app = Fleet.RelyingParty(scene.App);
            await MainJob.SignInAsync(browser, app, scene.Organization, scene.People[round % scene.People.Count], Ct);
            var pending = app.Authorize(("organization", scene.Organization));
            var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
            var request = TokenRequest(scene.App, ("grant_type", "authorization_code"), ("code", RelyingParty.Answer(page)["code"]), ("redirect_uri", scene.App.RedirectUri), ("code_verifier", pending.Verifier));
            AssertOneWins("authorization code", await Burst.SendAsync(Fleet.Running.All, request, 20, Ct), 200, "invalid_grant");
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_person_of_your_own_id_is_made_once()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var id = World.Unique("external");
            var request = new Burst.Request("PUT", $"/api/v1/users/by-external-id/{id}", Json, """{"name":"Same person"}""", await AuthorizationAsync());
            var answers = await Burst.SendAsync(Fleet.Running.All, request, 20, Ct);
            Note("upsert by external id", answers);
            AssertNoneIsBroken(answers);
            Assert.Single(answers, a => a.Status == 201);
            Assert.All(answers, a => Assert.Contains(a.Status, new[] { 200, 201, 409 }));
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_named_request_is_run_once()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = World.Unique("Named");
            var request = new Burst.Request("POST", "/api/v1/organizations", Json, JsonSerializer.Serialize(new { displayName = name }), await AuthorizationAsync(), $"Idempotency-Key: {name}");
            var answers = await Burst.SendAsync(Fleet.Running.All, request, 20, Ct);
            Note("idempotency key", answers);
            AssertNoneIsBroken(answers);
            Assert.All(answers, a => Assert.Contains(a.Status, new[] { 201, 409 }));
            var bodies = answers.Where(a => a.Status == 201).Select(a => JsonDocument.Parse(BodyOf(a)).RootElement.GetProperty("id").GetString()).Distinct().ToList();
            Assert.Single(bodies);
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    /// <summary>Between the look at a role of the instance and the row that gives it the role may go: the database refuses, and whoever gives it is told.</summary>
    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_role_is_deleted_or_given()
    {
        var organization = await World.OrganizationAsync(Fleet, Ct);
        var members = new List<string>();
        for (var i = 0; i < 12; i++) members.Add(await World.AddAsync(Fleet, organization, (await World.UserAsync(Fleet, null, Ct)).Id, Ct, "member"));
        for (var round = 0; round < 3 * Rounds; round++)
        {
            var key = World.Unique("role");
            var role = (await Fleet.Operator.PostAsync("roles", new { key, displayName = "Same moment", permissions = new[] { "notes:read" } }, Ct)).Text("id");
            var authorization = await AuthorizationAsync();
            var requests = members.Select(m => new Burst.Request("PUT", $"/api/v1/organizations/{organization}/members/{m}/roles/{key}", Authorization: authorization)).ToList();
            requests.Insert(members.Count / 2, new Burst.Request("DELETE", $"/api/v1/roles/{role}", Authorization: authorization));

            var answers = await Burst.SendAsync(Fleet.Running.All, requests, Ct);

            Note("role given and deleted", answers);
            AssertNoneIsBroken(answers);
            var isThere = (await Fleet.Operator.GetAsync($"roles/{role}", Ct)).Status == HttpStatusCode.OK;
            Assert.Equal(isThere, answers.Any(a => a.Status is 200));
        }

        await Fleet.AssertInvariantsAsync(Ct);
    }

    private protected abstract Task<World> SceneAsync();

    private async Task<TokenAnswer> SignedInAsync(World scene, int round)
    {
        using var browser = Fleet.NewBrowser();
        return await MainJob.SignInAsync(browser, Fleet.RelyingParty(scene.App), scene.Organization, scene.People[round % scene.People.Count], Ct);
    }

    private async Task<string> AuthorizationAsync() => "Bearer " + await Fleet.Operator.TokenAsync(Ct);

    private async Task<IReadOnlyList<RawAnswer>> PostAsync(string path, object body, int times) =>
        await Burst.SendAsync(Fleet.Running.All, new Burst.Request("POST", "/api/v1/" + path, Json, JsonSerializer.Serialize(body), await AuthorizationAsync()), times, Ct);

    private static Burst.Request TokenRequest(TestApp app, params (string Name, string Value)[] form) => new(
        "POST", "/connect/token", Form, string.Join('&', form.Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value)}")),
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(app.ClientId)}:{Uri.EscapeDataString(app.Secret!)}"))); // a web app has one

    /// <summary>Written whole or in one chunk: the answers here are small.</summary>
    private static string BodyOf(RawAnswer answer)
    {
        var body = answer.Text[(answer.Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        return body[body.IndexOf('{', StringComparison.Ordinal)..(body.LastIndexOf('}') + 1)];
    }

    private void AssertOneWins(string what, IReadOnlyList<RawAnswer> answers, int won, params string[] refusals)
    {
        Note(what, answers);
        AssertNoneIsBroken(answers);
        Assert.True(answers.Count(a => a.Status == won) == 1, Burst.Describe(answers));
        Assert.True(answers.Where(a => a.Status != won).All(a => a.Code is { } code && refusals.Contains(code)), Burst.Describe(answers));
    }

    private void Note(string what, IReadOnlyList<RawAnswer> answers) => Figures.Add("R8", $"{what}, {answers.Count} at once, {Store}", "one wins, the rest is told, no 500", Burst.Describe(answers));

    private static void AssertNoneIsBroken(IReadOnlyList<RawAnswer> answers) => Assert.True(answers.All(a => a.Status < 500), Burst.Describe(answers));
}

[Collection(NodeBenchCollection.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SameMomentOnPostgreSql(NodeBench bench) : SameMomentTests, IAsyncLifetime
{
    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "PostgreSQL, 3 nodes";

    public async ValueTask InitializeAsync() => await bench.RefillAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override Task<World> SceneAsync() => Task.FromResult(bench.World);
}

[Collection(StoreBenchCollection.Name)]
public sealed class SameMomentOnSqlite(SqliteBench bench) : SameMomentTests, IClassFixture<SqliteBench>
{
    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "SQLite";

    private protected override Task<World> SceneAsync() => World.MakeAsync(bench.Fleet, 3, TestContext.Current.CancellationToken);
}
