using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R6: signing keys follow one another while tokens are made and verified.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class KeyRotationTests(NodeBench bench)
{
    private static readonly TimeSpan Announce = TimeSpan.FromSeconds(Lengths.IsLong ? 20 : 8);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R6")]
    public async Task A_key_is_announced_then_signs_and_then_goes_and_no_token_fails_to_verify()
    {
        await bench.RefillAsync(Ct);
        var (fleet, machine) = (bench.Fleet, Machine.AtRest());
        var before = await KidsAsync(fleet.Running.All[0]);
        var api = new Verifier(fleet);
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var verified = VerifyAlwaysAsync(api, verifying.Token);

        var (kids, activates) = await AnnounceAsync();
        var spread = await UntilSameEverywhereAsync(set => kids.All(set.Contains));
        await Lengths.UntilAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow() > activates), "the new keys are active", Ct);
        await Lengths.UntilAsync(() => Task.FromResult(api.LastKids.Any(kids.Contains)), "a token is signed by the new key", Ct);
        await RetireAsync();
        var gone = await UntilSameEverywhereAsync(set => !before.Any(set.Contains));
        await verifying.CancelAsync();
        await verified;

        bench.Figures.Add("R6", "a new key under load: announced, active, the old one retired", "no token fails to verify; same key set at all nodes <= 5 s",
            $"{api.Good} tokens verified, {api.Bad.Count} failed; announced everywhere after {spread.TotalSeconds:0.0} s, retired after {gone.TotalSeconds:0.0} s{machine}");
        Assert.True(api.Bad.IsEmpty, string.Join("; ", api.Bad.Take(5)));
        Assert.True(api.Good > 10, $"Only {api.Good} tokens were verified.");
        Assert.True(spread <= machine.Allows(TimeSpan.FromSeconds(5)), $"A node published the new key after {spread} only.");
        Assert.True(gone <= machine.Allows(TimeSpan.FromSeconds(5)), $"A node published the old key for {gone} more.");
        await bench.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R6")]
    public async Task Three_nodes_that_find_a_rotation_due_at_once_make_one_key()
    {
        await using var database = new OwnKeys(await bench.Server.CreateDatabaseAsync(Ct), NewKey(), TimeProvider.System.GetUtcNow());
        await database.MigrateAsync(Ct);
        await database.RefreshAsync(database.Rings[0], Ct);
        var runs = Lengths.Runs(20, 100);
        for (var run = 1; run <= runs; run++)
        {
            database.Clock.Advance(TimeSpan.FromDays(80)); // past the announcement of the next, before it signs
            await Task.WhenAll(database.Rings.Select(ring => database.RefreshAsync(ring, Ct)));
            await Task.WhenAll(database.Rings.Select(ring => database.RefreshAsync(ring, Ct))); // each has read what the first made
            var sets = database.Rings.Select(ring => string.Join(',', ring.Published.Select(k => $"{k.Algorithm}/{k.Generation}/{k.Kid}"))).ToList();
            Assert.Single(sets.Distinct());
            Assert.Equal(2, database.Rings[0].Published.Count(k => k.Generation == run + 1)); // one of each algorithm
            database.Clock.Advance(TimeSpan.FromDays(10));
        }

        bench.Figures.Add("R6", "three nodes find a rotation due at the same moment", "one new key only", $"{runs} of {runs} runs");
    }

    /// <summary>As a node does when it is time, but with an announcement of seconds.</summary>
    private async Task<(IReadOnlyList<string> Kids, DateTimeOffset Activates)> AnnounceAsync()
    {
        var options = new SigningKeyOptions();
        var activates = TimeProvider.System.GetUtcNow() + Announce;
        await using var own = new OwnKeys(bench.Database, RootKey, activates - TimeSpan.FromHours(options.AnnounceHours));
        var before = own.Clock.GetUtcNow().AddDays(-options.RotateDays).UtcDateTime;

        // In one transaction with the new keys, so that no node finds the old ones due by itself.
        await using var db = own.NewContext();
        await using var transaction = await db.Database.BeginTransactionAsync(Ct);
        await db.SigningKeys.ExecuteUpdateAsync(set => set.SetProperty(k => k.ActivatesAt, before), Ct);
        await own.Rings[0].RefreshAsync(db, Ct);
        await TellAsync(db);
        await transaction.CommitAsync(Ct);
        var newest = own.Rings[0].Published.GroupBy(k => k.Algorithm).Select(g => g.MaxBy(k => k.Generation)!.Kid).ToList(); // a group has one
        return (newest, activates);
    }

    private string RootKey => bench.Fleet.Settings["TenantIdP:Encryption:Keys:0"]!; // every fleet has one

    private static Task TellAsync(DbContext db) => db.Database.ExecuteSqlRawAsync("SELECT pg_notify('tenantidp_changes', 'signing_keys')", Ct);

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>As a node does when the newest keys are so old that their predecessors are past their time.</summary>
    private async Task RetireAsync()
    {
        await using var own = new OwnKeys(bench.Database, RootKey, TimeProvider.System.GetUtcNow());
        await using var db = own.NewContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddDays(-new SigningKeyOptions().RetainDays - 1).UtcDateTime;
        await db.SigningKeys.Where(k => k.Generation == db.SigningKeys.Where(o => o.Algorithm == k.Algorithm).Max(o => o.Generation)).ExecuteUpdateAsync(set => set.SetProperty(k => k.ActivatesAt, longAgo), Ct);
        await own.Rings[0].RefreshAsync(db, Ct);
        await TellAsync(db);
    }

    private async Task<TimeSpan> UntilSameEverywhereAsync(Func<IReadOnlyList<string>, bool> isWanted) => await Lengths.UntilAsync(
        async () =>
        {
            var sets = await Task.WhenAll(bench.Fleet.Running.All.Select(KidsAsync));
            return sets.All(isWanted) && sets.Select(s => string.Join(',', s.Order(StringComparer.Ordinal))).Distinct().Count() == 1;
        }, "every node publishes the same keys", Ct);

    private async Task<IReadOnlyList<string>> KidsAsync(ServerProcess node)
    {
        using var http = bench.Fleet.At(node);
        var keys = JsonNode.Parse(await http.GetStringAsync(Nodes.Issuer + "/.well-known/jwks", Ct))!["keys"]!.AsArray(); // a key set by RFC 7517
        return [.. keys.Select(k => (string)k!["kid"]!)];
    }

    private async Task VerifyAlwaysAsync(Verifier api, CancellationToken ct)
    {
        var world = bench.World;
        using var browser = bench.Fleet.NewBrowser();
        var app = bench.Fleet.RelyingParty(world.App);
        var tokens = await MainJob.SignInAsync(browser, app, world.Organization, world.People[1], Ct);
        while (!ct.IsCancellationRequested)
        {
            tokens = await app.RefreshAsync(tokens.RefreshToken, Ct);
            Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
            await api.VerifyAsync(tokens.AccessToken, Ct);
            await api.VerifyAsync((string)tokens.Body["id_token"]!, Ct); // asked for by the scope
        }
    }

    /// <summary>An API as the field writes them: keys are kept, and read again when a token names one that is not known.</summary>
    private sealed class Verifier(Fleet fleet)
    {
        private JsonWebKeySet keys = new();

        public int Good { get; private set; }

        public ConcurrentQueue<string> Bad { get; } = new();

        public IReadOnlyList<string> LastKids { get; private set; } = [];

        public async Task VerifyAsync(string token, CancellationToken ct)
        {
            var kid = new JsonWebToken(token).Kid;
            if (keys.Keys.All(k => k.Kid != kid)) keys = new JsonWebKeySet(await fleet.Http.GetStringAsync(Nodes.Issuer + "/.well-known/jwks", ct));
            var result = await new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
            {
                ValidIssuer = Nodes.Issuer, ValidateAudience = false, IssuerSigningKeys = keys.GetSigningKeys(), ClockSkew = TimeSpan.FromSeconds(30),
            });
            LastKids = [.. LastKids.TakeLast(1), kid];
            if (result.IsValid) Good++;
            else Bad.Enqueue(result.Exception.Message);
        }
    }

    /// <summary>The key rings of three nodes, as far as one process can be three, on one database and with a clock of their own.</summary>
    private sealed class OwnKeys : IAsyncDisposable
    {
        private readonly string database;

        public OwnKeys(string database, string rootKey, DateTimeOffset now)
        {
            this.database = DatabaseServer.Unpooled(database);
            Clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(now);
            var root = new RootKeys([Convert.FromBase64String(rootKey)]);
            Rings = [.. Enumerable.Range(0, 3).Select(_ => new KeyRing(root, new SecretBox(root), new SigningKeyOptions(), Clock))];
        }

        public Microsoft.Extensions.Time.Testing.FakeTimeProvider Clock { get; }

        public IReadOnlyList<KeyRing> Rings { get; }

        public PostgreSqlOidcDbContext NewContext() => new(new DbContextOptionsBuilder<PostgreSqlOidcDbContext>().UseNpgsql(database, postgres => postgres.MigrationsHistoryTable(OidcDbContext.HistoryTable)).Options);

        public async Task MigrateAsync(CancellationToken ct)
        {
            await using var db = NewContext();
            await db.Database.MigrateAsync(ct);
        }

        public async Task RefreshAsync(KeyRing ring, CancellationToken ct)
        {
            await using var db = NewContext();
            await ring.RefreshAsync(db, ct);
        }

        public ValueTask DisposeAsync()
        {
            foreach (var ring in Rings) ring.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
