using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>A node publishes the keys that another one made as soon as it is told.</summary>
[Trait("Fault", "R6")]
public abstract class KeyNewsTests
{
    /// <summary>Less than the 30 seconds after which a node would look by itself.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(20);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected abstract IdpHost NewHost();

    [Fact]
    public async Task Keys_of_another_node_are_published_when_it_tells_of_them()
    {
        await using var idp = NewHost();
        await idp.InitializeAsync();
        Assert.Equal(2, await CountAsync(idp));
        var services = idp.Services;
        using var other = new KeyRing(
            services.GetRequiredService<RootKeys>(), services.GetRequiredService<SecretBox>(), new SigningKeyOptions(), new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(80)));

        await using (var scope = services.CreateAsyncScope())
        {
            var session = scope.ServiceProvider.GetRequiredService<OidcSession>();
            Assert.True(await other.RotateAsync(session.Db, Ct));
            Assert.False(await other.RotateAsync(session.Db, Ct)); // once
            await session.AnnounceAsync(new NodeChange(NodeChange.SigningKeys, null), Ct);
        }

        await Waiting.UntilAsync(async () => await CountAsync(idp) == 4, Told, "the next keys are published", Ct);
    }

    private static async Task<int> CountAsync(IdpHost idp) => JsonNode.Parse(await idp.Http.GetStringAsync(idp.Issuer + "/.well-known/jwks", Ct))!["keys"]!.AsArray().Count; // by RFC 7517
}

public sealed class KeyNewsOnSqlite : KeyNewsTests
{
    protected override IdpHost NewHost() => new SqliteIdp();
}

[Trait("Store", "PostgreSql")]
public sealed class KeyNewsOnPostgreSql(PostgreSqlCluster cluster) : KeyNewsTests
{
    protected override IdpHost NewHost() => new PostgreSqlIdp(cluster);
}
