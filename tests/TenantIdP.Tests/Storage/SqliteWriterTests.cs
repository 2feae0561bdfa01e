using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

public sealed class SqliteWriterTests(SqliteStore store) : IClassFixture<SqliteStore>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_writer_that_waits_for_its_turn_can_give_up()
    {
        var id = await store.NewOrganizationAsync(Ct);
        await using var scope = store.Node.CreateAsyncScope();
        var holder = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        await using var transaction = await holder.Database.BeginTransactionAsync(Ct);
        await holder.Organizations.Where(o => o.Id == id).ExecuteUpdateAsync(set => set.SetProperty(o => o.MembersRevision, 1), Ct);
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Ct);

        var saving = store.NewOrganizationAsync(impatient.Token);
        var updating = store.UseAsync(null, db => db.Organizations.ExecuteUpdateAsync(set => set.SetProperty(o => o.MembersRevision, 2), impatient.Token));
        Assert.False(saving.IsCompleted || updating.IsCompleted); // both are back here at once: they wait without holding a thread
        Assert.Equal(0, await store.UseAsync(null, db => db.Organizations.Where(o => o.Id == id).Select(o => o.MembersRevision).SingleAsync(Ct))); // readers never wait
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => saving);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => updating);
        await transaction.CommitAsync(Ct);
        await store.NewOrganizationAsync(Ct); // those who gave up left no turn behind
    }

    [Fact]
    public async Task Transactions_that_read_before_they_write_survive_a_second_process()
    {
        var id = await store.NewOrganizationAsync(Ct);
        ServiceProvider[] processes = [store.Node, store.NewNode()];

        await Parallel.ForAsync(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct }, async (i, ct) =>
        {
            await using var scope = processes[i % 2].CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var read = await db.Organizations.SingleAsync(o => o.Id == id, ct);
            read.Rename($"{read.Version}", TimeProvider.System.GetUtcNow());
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        });

        Assert.Equal(40, await store.UseAsync(null, db => db.Organizations.Where(o => o.Id == id).Select(o => o.Version).SingleAsync(Ct)));
    }
}
