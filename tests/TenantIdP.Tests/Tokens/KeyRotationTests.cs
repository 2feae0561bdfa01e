using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>Signing keys come and go with overlap, once for all nodes. Each test has a host of its own, because it moves the clock over its keys.</summary>
public abstract class KeyRotationTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected abstract IdpHost NewHost();

    private static KeyRing Ring(IdpHost idp, TimeProvider clock) =>
        new(idp.Services.GetRequiredService<RootKeys>(), idp.Services.GetRequiredService<SecretBox>(), new SigningKeyOptions { RotateDays = 90, AnnounceHours = 14 * 24, RetainDays = 14 }, clock);

    private static async Task RefreshAsync(IdpHost idp, KeyRing ring)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        await ring.RefreshAsync(scope.ServiceProvider.GetRequiredService<OidcSession>().Db, Ct);
    }

    [Fact]
    public async Task A_key_is_published_before_it_signs_and_stays_published_after()
    {
        await using var idp = NewHost();
        await idp.InitializeAsync();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var ring = Ring(idp, clock);
        await RefreshAsync(idp, ring);
        var first = ring.Active("RS256").Key.KeyId;

        clock.Advance(TimeSpan.FromDays(77));
        await RefreshAsync(idp, ring);
        var announced = ring.Published.Where(k => k.Algorithm == "RS256").Select(k => k.Kid).ToList();
        var stillSigning = ring.Active("RS256").Key.KeyId;
        clock.Advance(TimeSpan.FromDays(15));
        await RefreshAsync(idp, ring);
        var second = ring.Active("RS256").Key.KeyId;
        var overlap = ring.Published.Where(k => k.Algorithm == "RS256").Select(k => k.Kid).ToList();
        clock.Advance(TimeSpan.FromDays(14));
        await RefreshAsync(idp, ring);
        var after = ring.Published.Where(k => k.Algorithm == "RS256").Select(k => k.Kid).ToList();

        Assert.Equal(2, announced.Count);
        Assert.Equal(first, stillSigning);
        Assert.NotEqual(first, second);
        Assert.Contains(first, overlap);
        Assert.DoesNotContain(first, after);
        Assert.Contains(second, after);
    }

    [Fact]
    public async Task Nodes_that_rotate_at_once_make_one_key()
    {
        await using var idp = NewHost();
        await idp.InitializeAsync();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(80));
        var rings = Enumerable.Range(0, 6).Select(_ => Ring(idp, clock)).ToList();

        await Task.WhenAll(rings.Select(ring => RefreshAsync(idp, ring)));
        foreach (var ring in rings) await RefreshAsync(idp, ring);

        Assert.Single(rings.Select(r => string.Join(',', r.Published.Select(k => k.Kid))).Distinct());
        Assert.Equal(4, rings[0].Published.Count); // two generations of two algorithms
        rings.ForEach(ring => ring.Dispose());
    }

    [Fact]
    public async Task Private_keys_are_sealed_in_the_database()
    {
        await using var idp = NewHost();
        await idp.InitializeAsync();
        await using var scope = idp.Services.CreateAsyncScope();
        var rows = await scope.ServiceProvider.GetRequiredService<OidcSession>().Db.SigningKeys.AsNoTracking().ToListAsync(Ct);
        var box = scope.ServiceProvider.GetRequiredService<SecretBox>();

        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.StartsWith("v1.", row.SealedKey, StringComparison.Ordinal));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => box.Open(rows[0].SealedKey, new SecretPlace("oidc_signing_keys", "sealed_key", rows[1].Kid)));
    }
}

public sealed class KeyRotationOnSqlite : KeyRotationTests
{
    protected override IdpHost NewHost() => new SqliteIdp();
}

[Trait("Store", "PostgreSql")]
public sealed class KeyRotationOnPostgreSql(PostgreSqlCluster cluster) : KeyRotationTests
{
    protected override IdpHost NewHost() => new PostgreSqlIdp(cluster);
}
