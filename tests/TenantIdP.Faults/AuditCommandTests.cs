using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Faults;

/// <summary><c>audit verify</c> as an operator runs it.</summary>
public abstract class AuditCommandTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "H3")]
    public async Task A_whole_log_ends_with_0_and_an_edited_one_with_1_and_names_the_event()
    {
        var (first, second) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var node = store.NewNode(configure: services => services.AddScoped<ActorContext>().AddScoped<EventLog>().AddScoped<Leases>().AddScoped<WebhookBacklog>().AddScoped<WebhookFanOut>().AddScoped<EventSealer>());
        foreach (var organization in new[] { first, second }) await RecordAsync(node, organization);
        await using (var scope = node.CreateAsyncScope()) Assert.Equal(6, await scope.ServiceProvider.GetRequiredService<EventSealer>().SealAsync(Ct));

        var whole = await RunAsync("audit", "verify");
        Assert.Equal((0, true), (whole.Code, whole.Output.Contains("Whole: 2 chains, 6 events.", StringComparison.Ordinal)));
        Assert.Contains($"{first}: whole, 3 events, 0 with erased personal data, head ", whole.Output, StringComparison.Ordinal);

        var edited = await store.UseAsync(first, async db =>
        {
            var (disable, edit) = db.Database.IsNpgsql()
                ? ("ALTER TABLE events DISABLE TRIGGER USER", "UPDATE events SET data = '[]' WHERE target_id = 'second' AND organization_id = {0}")
                : ("DROP TRIGGER events_update_guard", "UPDATE events SET data = '[]' WHERE target_id = 'second' AND organization_id = {0}");
            await db.Database.ExecuteSqlRawAsync(disable, Ct);
            await db.Database.ExecuteSqlRawAsync(edit, [first.Value], Ct);
            return await db.Events.SingleAsync(e => e.TargetId == "second", Ct);
        });

        var broken = await RunAsync("audit", "verify");
        Assert.Equal(1, broken.Code);
        Assert.Contains($"{first}: BROKEN at position {edited.Position}, event {edited.Id}: it is not what was sealed.", broken.Output, StringComparison.Ordinal);
        Assert.Contains($"{second}: whole", broken.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("audit", "verify", "--organization", first.ToString())).Code);
        Assert.Equal(0, (await RunAsync("audit", "verify", "--organization", second.ToString())).Code);
        Assert.Equal(2, (await RunAsync("audit", "verify", "--organization", "org_x")).Code);
        Assert.Equal(2, (await RunAsync("audit")).Code);
    }

    private static async Task RecordAsync(IServiceProvider node, Id<Organization> organization)
    {
        await using var scope = node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        db.EnterOrganization(organization);
        foreach (var target in new[] { "first", "second", "third" }) scope.ServiceProvider.GetRequiredService<EventLog>().Record(EventTypes.MemberJoined, organization, target);
        await db.SaveChangesAsync(Ct);
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] command)
    {
        var built = typeof(ServerProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration; // set by the SDK
        var settings = new Dictionary<string, string?>(store.Settings) { ["TenantIdP:Issuer"] = Nodes.Issuer };
        await using var process = ServerProcess.Start([ServerProcess.Program(built), .. command], settings);
        return (await process.ExitAsync(Ct), process.Output);
    }
}

public sealed class AuditCommandOnSqlite(SqliteStore store) : AuditCommandTests(store), IClassFixture<SqliteStore>;

public sealed class AuditCommandOnPostgreSql(PostgreSqlStore store) : AuditCommandTests(store), IClassFixture<PostgreSqlStore>;
