using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Users;

public abstract class UserCredentialTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result> UnlinkAsync(Id<User> user, Id<UserIdentity> identity) => host.UseAsync<UserCredentials, Result>(null, c => c.UnlinkAsync(user, identity, Ct));

    [Fact]
    public async Task Unlinking_ends_the_sessions_that_the_connection_has_proven_and_no_others()
    {
        using var api = host.AsOperator();
        var organization = await host.NewOrganizationAsync(Ct);
        var (first, second) = (await host.ConnectionAsync(organization, Ct), await host.ConnectionAsync(organization, Ct));
        var person = await host.PersonAsync(Ct);
        var (unlinked, kept) = (await host.LinkAsync(person.Id, first, Ct), await host.LinkAsync(person.Id, second, Ct));
        var (byFirst, byBoth, bySecond) = (await host.SessionAsync(person.Id, Ct, first), await host.SessionAsync(person.Id, Ct, second, first), await host.SessionAsync(person.Id, Ct, second));

        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"users/{person.Id}/identities/{unlinked}", Ct)).StatusCode);

        var left = Assert.Single((await api.AnswerAsync(HttpMethod.Get, $"users/{person.Id}/identities", null, Ct)).GetProperty("data").EnumerateArray());
        Assert.Equal((kept.ToString(), second.Id.ToString(), "created"), (left.GetProperty("id").GetString(), left.GetProperty("connectionId").GetString(), left.GetProperty("linkedBy").GetString()));
        Assert.True(left.TryGetProperty("linkedAt", out _) && left.TryGetProperty("lastUsedAt", out _));
        Assert.Equal((false, false, true), (await host.StandsAsync(byFirst, Ct), await host.StandsAsync(byBoth, Ct), await host.StandsAsync(bySecond, Ct)));
        Assert.Contains(byFirst.ToString(), host.Revoker.Ended);
        Assert.DoesNotContain(bySecond.ToString(), host.Revoker.Ended);
        Assert.Contains(EventTypes.IdentityUnlinked, await host.EventsAsync(person.Id, Ct));
        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{person.Id}/identities/{unlinked}", Ct), HttpStatusCode.NotFound, "identity_not_found", Ct);
        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{(await host.PersonAsync(Ct)).Id}/identities/{kept}", Ct), HttpStatusCode.NotFound, "identity_not_found", Ct);
    }

    [Fact]
    public async Task The_only_way_in_stays()
    {
        using var api = host.AsOperator();
        var connection = await host.ConnectionAsync(await host.NewOrganizationAsync(Ct), Ct);
        var withoutPassword = await host.PersonAsync(Ct);
        var unverified = await host.PersonAsync(Ct, u => u with { Emails = [new(PeopleScene.NewAddress(), false)], Password = PeopleScene.Password }); // a password nobody can be asked for
        var both = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });

        foreach (var person in new[] { withoutPassword, unverified })
            await AssertProblem.IsAsync(await api.DeleteAsync($"users/{person.Id}/identities/{await host.LinkAsync(person.Id, connection, Ct)}", Ct), HttpStatusCode.Conflict, "last_identity", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"users/{both.Id}/identities/{await host.LinkAsync(both.Id, connection, Ct)}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{both.Id}/password", Ct), HttpStatusCode.Conflict, "last_identity", Ct);
        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{withoutPassword.Id}/password", Ct), HttpStatusCode.NotFound, "password_not_found", Ct);
    }

    [Fact]
    public async Task Of_the_last_two_identities_unlinked_at_once_one_stays()
    {
        var connection = await host.ConnectionAsync(await host.NewOrganizationAsync(Ct), Ct);
        for (var round = 0; round < 8; round++)
        {
            var person = await host.PersonAsync(Ct);
            Id<UserIdentity>[] identities = [await host.LinkAsync(person.Id, connection, Ct), await host.LinkAsync(person.Id, connection, Ct)];

            var results = await Task.WhenAll(identities.Select(i => UnlinkAsync(person.Id, i)));

            Assert.Single(results, r => r.IsOk);
            Assert.Contains(results, r => r.Error == UserErrors.LastIdentity);
            Assert.Equal(1, await host.ReadAsync(null, db => db.UserIdentities.CountAsync(i => i.UserId == person.Id, Ct)));
        }
    }

    [Fact]
    public async Task Of_the_last_identity_and_the_password_taken_away_at_once_one_stays()
    {
        var connection = await host.ConnectionAsync(await host.NewOrganizationAsync(Ct), Ct);
        for (var round = 0; round < 8; round++)
        {
            var person = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });
            var identity = await host.LinkAsync(person.Id, connection, Ct);

            var results = await Task.WhenAll(UnlinkAsync(person.Id, identity), host.UseAsync<UserCredentials, Result>(null, c => c.RemovePasswordAsync(person.Id, Ct)));

            Assert.Single(results, r => r.IsOk);
            Assert.Contains(results, r => r.Error == UserErrors.LastIdentity);
        }
    }

    [Fact]
    public async Task A_new_password_replaces_the_old_one_and_ends_every_session()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });
        var session = await host.SessionAsync(person.Id, Ct, [null]);

        await AssertProblem.IsAsync(await api.PutAsJsonAsync($"users/{person.Id}/password", new { password = "too short" }, Ct), HttpStatusCode.BadRequest, "password_too_short", Ct);
        Assert.True(await host.StandsAsync(session, Ct));
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsJsonAsync($"users/{person.Id}/password", new { password = "another horse battery staple" }, Ct)).StatusCode);

        Assert.False(await host.StandsAsync(session, Ct));
        Assert.Contains(person.Id.ToString(), host.Revoker.Ended);
        var stored = await host.ReadAsync(null, db => db.LocalCredentials.SingleAsync(c => c.UserId == person.Id, Ct));
        Assert.Equal((PasswordCheck.Right, PasswordCheck.Wrong), (new TestHashing().Check(stored.PasswordHash, "another horse battery staple"), new TestHashing().Check(stored.PasswordHash, PeopleScene.Password)));
        Assert.Contains(EventTypes.PasswordChanged, await host.EventsAsync(person.Id, Ct));
    }

    [Fact]
    public async Task An_unlocked_account_has_all_its_tries_again()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });
        await host.ReadAsync(null, async db =>
        {
            DateTimeOffset? until = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(10);
            await db.LocalCredentials.Where(c => c.UserId == person.Id).ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, PasswordThrottle.MaxFailuresOfAccount).SetProperty(c => c.LockedUntil, until), Ct);
            return await db.Database.ExecuteSqlAsync($"INSERT INTO password_attempts (user_id, source, failed_count) VALUES ({person.Id.Value}, '203.0.113.0/24', 10)", Ct);
        });

        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync($"users/{person.Id}/unlock", null, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync($"users/{person.Id}/unlock", null, Ct)).StatusCode); // nothing left to forget

        var stored = await host.ReadAsync(null, db => db.LocalCredentials.SingleAsync(c => c.UserId == person.Id, Ct));
        Assert.Equal((0, null), (stored.FailedCount, stored.LockedUntil));
        Assert.Equal(0, await host.ReadAsync(null, db => db.PasswordAttempts.CountAsync(a => a.UserId == person.Id, Ct)));
        Assert.Single(await host.EventsAsync(person.Id, Ct), EventTypes.PasswordUnlocked);
        await AssertProblem.IsAsync(await api.PostAsync($"users/{(await host.PersonAsync(Ct)).Id}/unlock", null, Ct), HttpStatusCode.NotFound, "password_not_found", Ct);
    }

    [Fact]
    public async Task Sessions_are_listed_without_their_tokens_and_ended_one_or_all()
    {
        using var api = host.AsOperator();
        var connection = await host.ConnectionAsync(await host.NewOrganizationAsync(Ct), Ct);
        var person = await host.PersonAsync(Ct);
        var (one, two, three) = (await host.SessionAsync(person.Id, Ct, [null]), await host.SessionAsync(person.Id, Ct, connection), await host.SessionAsync(person.Id, Ct, [null]));
        var hashes = await host.ReadAsync(null, db => db.Sessions.Where(s => s.UserId == person.Id).Select(s => s.TokenHash).ToListAsync(Ct));

        var listed = await api.AnswerAsync(HttpMethod.Get, $"users/{person.Id}/sessions", null, Ct);
        Assert.Equal(3, listed.GetProperty("data").GetArrayLength());
        Assert.All(hashes, hash => Assert.DoesNotContain(hash, listed.GetRawText(), StringComparison.Ordinal));
        var proof = Assert.Single(listed.GetProperty("data").EnumerateArray(), s => s.GetProperty("id").GetString() == two.ToString()).GetProperty("proofs")[0];
        Assert.Equal((connection.Id.ToString(), "fed"), (proof.GetProperty("connectionId").GetString(), proof.GetProperty("amr")[0].GetString()));

        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{(await host.PersonAsync(Ct)).Id}/sessions/{one}", Ct), HttpStatusCode.NotFound, "session_not_found", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"users/{person.Id}/sessions/{one}", Ct)).StatusCode);
        Assert.Equal((false, true, true), (await host.StandsAsync(one, Ct), await host.StandsAsync(two, Ct), await host.StandsAsync(three, Ct)));
        Assert.Contains(one.ToString(), host.Revoker.Ended);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"users/{person.Id}/sessions", Ct)).StatusCode);
        Assert.Equal(0, (await api.AnswerAsync(HttpMethod.Get, $"users/{person.Id}/sessions", null, Ct)).GetProperty("data").GetArrayLength());
        Assert.Contains(EventTypes.UserSessionsEnded, await host.EventsAsync(person.Id, Ct));
    }
}

public sealed class UserCredentialOnSqlite(SqliteManagement host) : UserCredentialTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserCredentialOnPostgreSql(PostgreSqlManagement host) : UserCredentialTests(host), IClassFixture<PostgreSqlManagement>;
