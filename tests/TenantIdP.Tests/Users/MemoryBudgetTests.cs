using TenantIdP.Server.Login;
using Xunit;

namespace TenantIdP.Tests.Users;

public sealed class MemoryBudgetTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    [Trait("Attack", "G5")]
    public async Task Whoever_needs_more_than_is_left_waits_and_what_fits_does_not()
    {
        var budget = new MemoryBudget(10);
        var first = budget.Take(6);
        var second = budget.Take(4);
        var third = Task.Run(() => budget.Take(5));

        Assert.False(third.IsCompleted);
        second.Dispose();
        second.Dispose(); // gives back once
        Assert.False(third.IsCompleted);
        first.Dispose();

        using var taken = await third.WaitAsync(Bound, TestContext.Current.CancellationToken);
        budget.Take(5).Dispose();
    }

    [Fact]
    public async Task Never_more_than_the_sum_is_taken_at_once_and_everybody_gets_their_turn()
    {
        var (budget, used, most, gate) = (new MemoryBudget(10), 0, 0, new Lock());
        await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(() =>
        {
            var needed = i % 6 == 0 ? 20 : 1 + (i % 5); // more than there is: alone
            using var share = budget.Take(needed);
            lock (gate) most = Math.Max(most, used += Math.Min(needed, 10));
            Thread.Yield();
            lock (gate) used -= Math.Min(needed, 10);
        }))).WaitAsync(Bound, TestContext.Current.CancellationToken);

        Assert.InRange(most, 1, 10);
    }
}
