using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

public abstract class PasswordTests(IdpHost host)
{
    private const string Wrong = "not the right password";

    private static readonly IPAddress Stranger = IPAddress.Parse("203.0.113.7");
    private static readonly IPAddress Neighbour = IPAddress.Parse("203.0.113.99");
    private static readonly IPAddress Home = IPAddress.Parse("198.51.100.7");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The answer to everything, without the work; what is not a person's password is hashed in earnest, since the decoy outlives a test.</summary>
    private sealed class Always(IPasswordHashing real, PasswordCheck answer, string hash = "new hash", Func<Task>? meanwhile = null) : IPasswordHashing
    {
        public string Hash(string password) => password == IdpHost.Password ? hash : real.Hash(password);

        public PasswordCheck Check(string storedHash, string password)
        {
            meanwhile?.Invoke().GetAwaiter().GetResult();
            return answer;
        }
    }

    private IPasswordHashing Real => host.Services.GetRequiredService<IPasswordHashing>();

    private async Task<(User User, EmailAddress Email)> PersonAsync()
    {
        var text = $"pw@{host.UniqueHost()}";
        return (await host.CreateUserAsync(text, Ct), EmailAddress.TryParse(text, out var email) ? email : throw new InvalidOperationException(text));
    }

    private async Task<Result<SignedIn>> TryAsync(EmailAddress email, string password, IPAddress from, IPasswordHashing? hashing = null)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var signIn = hashing is null ? services.GetRequiredService<PasswordSignIn>() : ActivatorUtilities.CreateInstance<PasswordSignIn>(services, hashing);
        return await signIn.TryAsync(email, password, new BrowserContext(null, "test", from), Ct);
    }

    private Task<List<string>> EventsAsync(User user) => host.ReadAsync(db =>
    {
        var target = user.Id.ToString();
        return db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target).OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(Ct);
    });

    [Fact]
    [Trait("Attack", "B6")]
    public async Task A_guesser_locks_their_own_network_out_and_not_the_owner()
    {
        var (user, email) = await PersonAsync();
        var hashing = new Always(Real, PasswordCheck.Wrong);
        for (var i = 0; i < PasswordThrottle.MaxFailures; i++) Assert.Equal(SignInErrors.WrongCredentials, (await TryAsync(email, Wrong, Stranger, hashing)).Error);

        Assert.Equal(SignInErrors.WrongCredentials, (await TryAsync(email, IdpHost.Password, Neighbour)).Error);
        Assert.True((await TryAsync(email, IdpHost.Password, Home)).IsOk);
        Assert.Equal(SignInErrors.WrongCredentials, (await TryAsync(email, IdpHost.Password, Stranger)).Error);

        var events = await EventsAsync(user);
        Assert.Equal(PasswordThrottle.MaxFailures, events.Count(e => e == EventTypes.SignInRefused));
        Assert.Single(events, e => e == EventTypes.PasswordLocked);
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task Two_hundred_guesses_at_once_get_ten_answers()
    {
        var (user, email) = await PersonAsync();
        var right = 0;
        var hashing = new Always(Real, PasswordCheck.Wrong);

        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (_, _) =>
        {
            if ((await TryAsync(email, Wrong, Stranger, hashing)).IsOk) Interlocked.Increment(ref right);
        });

        Assert.Equal(0, right);
        var counted = await host.ReadAsync(db => db.PasswordAttempts.SingleAsync(a => a.UserId == user.Id, Ct));
        Assert.Equal(PasswordThrottle.MaxFailures, counted.FailedCount);
        Assert.Equal(PasswordThrottle.MaxFailures, (await EventsAsync(user)).Count(e => e == EventTypes.SignInRefused));
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task From_many_networks_the_account_gets_a_hundred_guesses()
    {
        var (user, email) = await PersonAsync();
        var hashing = new Always(Real, PasswordCheck.Wrong);
        for (var i = 0; i < PasswordThrottle.MaxFailuresOfAccount + 5; i++) await TryAsync(email, Wrong, IPAddress.Parse($"10.0.{i}.1"), hashing);

        Assert.Equal(SignInErrors.WrongCredentials, (await TryAsync(email, IdpHost.Password, Home)).Error);
        Assert.Equal(PasswordThrottle.MaxFailuresOfAccount, await host.ReadAsync(db => db.PasswordAttempts.CountAsync(a => a.UserId == user.Id, Ct)));

        // When the quarter of an hour is over the account opens again and what is stale is gone.
        await host.ReadAsync(async db =>
        {
            DateTimeOffset? past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
            await db.PasswordAttempts.Where(a => a.UserId == user.Id).ExecuteUpdateAsync(set => set.SetProperty(a => a.LockedUntil, past), Ct);
            return await db.LocalCredentials.Where(c => c.UserId == user.Id).ExecuteUpdateAsync(set => set.SetProperty(c => c.LockedUntil, past), Ct);
        });
        Assert.True((await TryAsync(email, IdpHost.Password, Home)).IsOk);
        Assert.False(await host.ReadAsync(db => db.PasswordAttempts.AnyAsync(a => a.UserId == user.Id, Ct)));
    }

    [Fact]
    public async Task A_password_that_is_changed_while_it_is_checked_does_not_sign_in_and_does_not_come_back()
    {
        var (user, email) = await PersonAsync();
        var hashing = new Always(Real, PasswordCheck.RightButOld, "the rehash", () => host.ReadAsync(db =>
            db.LocalCredentials.Where(c => c.UserId == user.Id).ExecuteUpdateAsync(set => set.SetProperty(c => c.PasswordHash, "changed meanwhile"), Ct)));

        Assert.Equal(SignInErrors.WrongCredentials, (await TryAsync(email, IdpHost.Password, Home, hashing)).Error);

        Assert.Equal("changed meanwhile", await host.ReadAsync(db => db.LocalCredentials.Where(c => c.UserId == user.Id).Select(c => c.PasswordHash).SingleAsync(Ct)));
        Assert.False(await host.ReadAsync(db => db.Sessions.AnyAsync(s => s.UserId == user.Id, Ct)));
    }

    [Fact]
    public async Task An_old_hash_is_made_anew_by_the_right_password()
    {
        var (user, email) = await PersonAsync();

        Assert.True((await TryAsync(email, IdpHost.Password, Home, new Always(Real, PasswordCheck.RightButOld, "the rehash"))).IsOk);

        Assert.Equal("the rehash", await host.ReadAsync(db => db.LocalCredentials.Where(c => c.UserId == user.Id).Select(c => c.PasswordHash).SingleAsync(Ct)));
    }

    [Theory, InlineData("203.0.113.7", "203.0.113.0/24"), InlineData("::ffff:203.0.113.7", "203.0.113.0/24"), InlineData("2001:db8:1:2::3", "2001:db8:1::/48"), InlineData(null, "unknown")]
    public void A_source_is_a_network(string? address, string source) => Assert.Equal(source, PasswordThrottle.SourceOf(address is null ? null : IPAddress.Parse(address)));

    [Fact]
    public async Task Two_proofs_at_once_are_both_kept_and_an_end_is_not_lost()
    {
        var (user, _) = await PersonAsync();
        var (browser, session) = await host.SignedInAsync(user, Ct);
        browser.Dispose();
        await using var first = host.Services.CreateAsyncScope();
        await using var second = host.Services.CreateAsyncScope();
        var (one, two) = (await OfAsync(first, session), await OfAsync(second, session));
        var other = new SessionProof(Id<Core.Connections.Connection>.New(TimeProvider.System.GetUtcNow()), null, TimeProvider.System.GetUtcNow(), ["fed"]);

        await first.ServiceProvider.GetRequiredService<SessionService>().ProveAsync(one, user.Id, other, null, null, Ct);
        await second.ServiceProvider.GetRequiredService<SessionService>().ProveAsync(two, user.Id, SessionProof.Password(TimeProvider.System.GetUtcNow()), null, null, Ct);
        Assert.Equal(2, (await host.ReadAsync(db => db.Sessions.SingleAsync(s => s.Id == session.Id, Ct))).Proofs.Count);

        await first.ServiceProvider.GetRequiredService<SessionService>().EndAsync(one, Ct);
        Assert.NotNull((await host.ReadAsync(db => db.Sessions.SingleAsync(s => s.Id == session.Id, Ct))).EndedAt);
        var (started, _) = await second.ServiceProvider.GetRequiredService<SessionService>().ProveAsync(two, user.Id, other, null, null, Ct);
        Assert.False(started.Id == session.Id && started.EndedAt is not null, "an ended session took a proof");

        static async Task<Session> OfAsync(AsyncServiceScope scope, Session session) => await scope.ServiceProvider.GetRequiredService<IdpDbContext>().Sessions.SingleAsync(s => s.Id == session.Id, Ct);
    }
}

[Collection(SqliteHost.Name)]
public sealed class PasswordOnSqlite(SqliteIdp host) : PasswordTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class PasswordOnPostgreSql(PostgreSqlIdp host) : PasswordTests(host);
