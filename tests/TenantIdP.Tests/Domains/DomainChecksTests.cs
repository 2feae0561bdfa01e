using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TenantIdP.Core.Domains;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>The work that looks for proofs by itself, over many organizations.</summary>
public abstract class DomainChecksTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_is_due_is_looked_for_and_one_that_hangs_holds_up_none()
    {
        var scene = new DomainScene(store);
        var domains = new List<OrganizationDomain>();
        for (var i = 0; i < 20; i++)
        {
            domains.Add(await scene.ClaimAsync(DomainScene.NewHost(), Ct));
            scene.Proofs.Publish(domains[i]);
        }

        Assert.False(await IsDueAsync(scene));
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await IsDueAsync(scene));

        // The first that is looked at waits until all the others are verified.
        var (first, others) = (0, new TaskCompletionSource());
        scene.Proofs.Meanwhile = () => Interlocked.Increment(ref first) == 1 ? others.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct) : Task.CompletedTask;
        var running = DoAsync(scene);
        await Testing.Hosting.Waiting.UntilAsync(async () => await VerifiedAsync(scene, domains) == 19, TimeSpan.FromSeconds(60), "19 are verified", Ct);
        others.SetResult();
        await running;

        Assert.Equal(20, await VerifiedAsync(scene, domains));
        Assert.False(await IsDueAsync(scene));
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task One_look_that_fails_fails_no_other_and_comes_again_in_an_hour()
    {
        var scene = new DomainScene(store);
        var domains = new List<OrganizationDomain>();
        for (var i = 0; i < 20; i++)
        {
            domains.Add(await scene.ClaimAsync(DomainScene.NewHost(), Ct));
            scene.Proofs.Publish(domains[i]);
        }

        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        var first = 0;
        scene.Proofs.Meanwhile = () => Interlocked.Increment(ref first) == 1 ? throw new UriFormatException() : Task.CompletedTask;

        await DoAsync(scene);
        Assert.Equal(19, await VerifiedAsync(scene, domains));
        Assert.False(await IsDueAsync(scene));

        scene.Clock.Advance(TimeSpan.FromHours(1));
        await DoAsync(scene);
        Assert.Equal(20, await VerifiedAsync(scene, domains));
    }

    private static Task<bool> DoAsync(DomainScene scene) => scene.UseAsync<IServiceScopeFactory, bool>(null, async scopes =>
    {
        await using var scope = scopes.CreateAsyncScope();
        await new DomainChecks(scope.ServiceProvider.GetRequiredService<DomainUpkeep>(), scopes, NullLogger<DomainChecks>.Instance).DoAsync(Ct);
        return true;
    });

    private static async Task<int> VerifiedAsync(DomainScene scene, List<OrganizationDomain> domains)
    {
        var verified = 0;
        foreach (var domain in domains) verified += await scene.StatusAsync(domain, Ct) == DomainStatus.Verified ? 1 : 0;
        return verified;
    }

    private static Task<bool> IsDueAsync(DomainScene scene) => scene.UseAsync<DomainUpkeep, bool>(null, s => s.IsDueAsync(Ct));
}

public sealed class DomainChecksOnSqlite(SqliteStore store) : DomainChecksTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class DomainChecksOnPostgreSql(PostgreSqlStore store) : DomainChecksTests(store), IClassFixture<PostgreSqlStore>;
