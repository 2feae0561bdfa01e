using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using TenantIdP.Tests.Users;
using Xunit;

namespace TenantIdP.Tests.Instance;

/// <summary>What is about a person goes when it is of no use any more.</summary>
public abstract class PruningTests(ManagementHost host)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_goes_thirty_days_after_its_end_unless_a_grant_rests_on_it()
    {
        var user = await host.NewUserAsync(Ct);
        var standing = await SessionAsync(user, Now - (60 * Day), null);
        Assert.True(host.Revoker.Standing.TryAdd(standing, true));
        var (over, ended) = (await SessionAsync(user, Now - (46 * Day), null), await SessionAsync(user, Now - (32 * Day), Now - (31 * Day)));
        var (justOver, justEnded, live) = (await SessionAsync(user, Now - (20 * Day), null), await SessionAsync(user, Now - (40 * Day), Now - (27 * Day)), await SessionAsync(user, Now, null));

        await PruneAsync();

        Id<Session>[] all = [standing, over, ended, justOver, justEnded, live];
        var left = await host.ReadAsync(null, db => db.Sessions.Where(s => all.Contains(s.Id)).Select(s => s.Id).ToListAsync(Ct));
        Assert.Equal(new[] { standing, justOver, justEnded, live }.Order(), left.Order());
    }

    [Fact]
    public async Task What_an_identity_provider_calls_a_session_goes_with_its_end()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var connection = await host.ConnectionAsync(organization, Ct);
        var user = await host.NewUserAsync(Ct);
        var (over, ended, live) = (await SessionAsync(user, Now - (15 * Day), null), await SessionAsync(user, Now, Now), await SessionAsync(user, Now, null));
        await host.ReadAsync(organization, async db =>
        {
            var box = host.Services.GetRequiredService<SecretBox>();
            foreach (var session in new[] { over, ended, live }) db.UpstreamSessions.Add(UpstreamSession.Remember(organization, connection.Id, session, new UpstreamSessionFacts("{}", new string('0', 64), null), box));
            return await db.SaveChangesAsync(Ct);
        });

        await PruneAsync();

        Assert.Equal([live], await host.ReadAsync(organization, db => db.UpstreamSessions.Select(u => u.SessionId).ToListAsync(Ct)));
    }

    [Fact]
    public async Task The_address_of_a_stranger_who_was_refused_goes_after_thirty_days_and_the_chain_stays_whole()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var user = await host.NewUserAsync(Ct);
        await RecordAsync(organization, Now - (31 * Day), "old stranger", null);
        await RecordAsync(organization, Now - (29 * Day), "new stranger", null);
        await RecordAsync(organization, Now - (31 * Day), "somebody known", user);

        await PruneAsync();

        var left = await host.ReadAsync(organization, db => db.PersonalEventData.Select(p => p.Data).ToListAsync(Ct));
        Assert.Contains(left, data => data.Contains("new stranger", StringComparison.Ordinal));
        Assert.Contains(left, data => data.Contains("somebody known", StringComparison.Ordinal));
        Assert.DoesNotContain(left, data => data.Contains("old stranger", StringComparison.Ordinal));
        Assert.Equal(3, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == EventTypes.SignInRefused, Ct)));
    }

    [Fact]
    public async Task A_refusal_is_about_whoever_has_verified_the_address_and_is_erased_with_them()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var connection = await host.ConnectionAsync(organization, Ct);
        var (address, unverified) = (PeopleScene.NewAddress(), PeopleScene.NewAddress());
        var person = await host.PersonAsync(Ct, u => u with { Emails = [new NewUserEmail(address, true), new NewUserEmail(unverified, false)] });
        await RefuseAsync(connection, address);
        await RefuseAsync(connection, unverified);

        var exported = await host.UseAsync<UserExport, Result<ExportedUser>>(null, e => e.ExportAsync(person.Id, Ct));
        Assert.Contains(address, Assert.Single(exported.Value!.Events, e => e.Type == EventTypes.SignInRefused).Personal!.Value.GetRawText(), StringComparison.Ordinal); // it is Ok, and has some
        Assert.True((await host.UseAsync<UserErasure, Result<User>>(null, e => e.EraseAsync(person.Id, person.Id, Ct))).IsOk);

        var left = Assert.Single(await host.ReadAsync(organization, db => db.PersonalEventData.Select(p => p.Data).ToListAsync(Ct)), data => data.Contains("subject", StringComparison.Ordinal));
        Assert.Contains(unverified, left, StringComparison.Ordinal); // anybody may have typed it: it goes by itself
    }

    private Task<int> RefuseAsync(Connection connection, string address) => host.ReadAsync(null, async db =>
    {
        var (actor, clock) = (new ActorContext { TraceId = ManagementHost.Unique("trace") }, TimeProvider.System);
        Assert.True(EmailAddress.TryParse(address, out var email));
        var record = new SignInRecord(db, new EventLog(db, actor, clock), new TraceRecorder(db, actor, clock));
        await record.RefuseAsync(connection.Id, new ExternalIdentity(connection.Issuer, "subject", email, EmailVerified: true, PersonName.None, []), SignInErrors.ConnectionUnavailable, Ct);
        return 0;
    });

    private Task<int> RecordAsync(Id<Organization> organization, DateTimeOffset at, string marker, Id<User>? about) => host.ReadAsync(organization, async db =>
    {
        new EventLog(db, new ActorContext(), new FakeTimeProvider(at)).Record(EventTypes.SignInRefused, organization, organization.ToString(), new { code = "x" }, new { email = marker }, about);
        return await db.SaveChangesAsync(Ct);
    });

    private Task<Id<Session>> SessionAsync(Id<User> user, DateTimeOffset startedAt, DateTimeOffset? endedAt) => host.ReadAsync(null, async db =>
    {
        var session = Session.Start(user, SessionProof.Password(startedAt), TimeSpan.FromDays(14), "Firefox on a test", startedAt).Session;
        if (endedAt is { } end) session.End(end);
        db.Sessions.Add(session);
        await db.SaveChangesAsync(Ct);
        return session.Id;
    });

    private Task<int> PruneAsync() => host.ReadAsync(null, async db =>
    {
        await new Pruning(db, host.Revoker, TimeProvider.System).PruneAsync(Ct);
        return 0;
    });
}

public sealed class PruningOnSqlite(SqliteManagement host) : PruningTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class PruningOnPostgreSql(PostgreSqlManagement host) : PruningTests(host), IClassFixture<PostgreSqlManagement>;
