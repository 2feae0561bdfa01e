using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Users;

public abstract class UserEmailTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<UserEmail>> UseAsync(Func<UserEmailService, Task<Result<UserEmail>>> use) => host.UseAsync(null, use);

    [Fact]
    public async Task Addresses_are_added_vouched_for_made_primary_and_removed()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct);
        var emails = $"users/{person.Id}/emails";

        var second = (await api.AnswerAsync(HttpMethod.Post, emails, new { address = PeopleScene.NewAddress() }, Ct)).GetProperty("id").GetString();
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"{emails}/{second}", new { primary = true }, Ct), HttpStatusCode.Conflict, "email_not_verified", Ct);
        var primary = await api.AnswerAsync(HttpMethod.Patch, $"{emails}/{second}", new { verified = true, primary = true }, Ct);
        await AssertProblem.IsAsync(await api.DeleteAsync($"{emails}/{second}", Ct), HttpStatusCode.Conflict, "primary_email", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"{emails}/{second}", new { primary = false }, Ct), HttpStatusCode.BadRequest, "primary_stays", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await api.DeleteAsync($"{emails}/{person.Emails[0].Id}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await api.DeleteAsync($"{emails}/{second}", Ct), HttpStatusCode.Conflict, "last_email", Ct);
        await AssertProblem.IsAsync(await api.DeleteAsync($"{emails}/{person.Emails[0].Id}", Ct), HttpStatusCode.NotFound, "user_email_not_found", Ct);

        Assert.True(primary.GetProperty("primary").GetBoolean() && primary.GetProperty("verified").GetBoolean());
        Assert.Equal(second, Assert.Single((await api.AnswerAsync(HttpMethod.Get, emails, null, Ct)).GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(
            [EventTypes.UserCreated, EventTypes.UserEmailAdded, EventTypes.UserEmailRemoved, EventTypes.UserEmailVerified, EventTypes.UserPrimaryEmailChanged],
            (await host.EventsAsync(person.Id, Ct)).Order(StringComparer.Ordinal)); // two of one millisecond have no order
        Assert.True((await api.AnswerAsync(HttpMethod.Get, $"users/{person.Id}", null, Ct)).GetProperty("version").GetInt32() > person.Version); // a child's change is the aggregate's
    }

    [Fact]
    public async Task The_primary_address_is_a_verified_one_where_there_is_one()
    {
        var person = await host.PersonAsync(Ct, u => u with { Emails = [new(PeopleScene.NewAddress(), false), new(PeopleScene.NewAddress(), false)] });
        var (first, other) = (person.Emails[0].Id, person.Emails[1].Id);

        Assert.True((await UseAsync(e => e.UpdateAsync(person.Id, other, new UserEmailChanges { Verified = true }, Ct))).Value!.IsPrimary); // it is Ok
        Assert.False((await UseAsync(e => e.UpdateAsync(person.Id, first, new UserEmailChanges { Verified = true }, Ct))).Value!.IsPrimary); // as above
        Assert.False((await UseAsync(e => e.UpdateAsync(person.Id, other, new UserEmailChanges { Verified = false }, Ct))).Value!.IsPrimary); // as above
        var after = await host.UseAsync<UserService, Result<User>>(null, u => u.FindAsync(person.Id, Ct));
        Assert.Equal(first, Assert.Single(after.Value!.Emails, e => e.IsPrimary).Id); // a user that exists
    }

    [Fact]
    public async Task Who_has_verified_an_address_is_not_told()
    {
        using var api = host.AsOperator();
        var (owner, other) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        var address = owner.Emails[0].Address;

        var verified = await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{other.Id}/emails", new { address = address.ToUpperInvariant(), verified = true }, Ct), HttpStatusCode.Conflict, "email_taken", Ct);
        Assert.DoesNotContain(owner.Id.ToString(), verified.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsJsonAsync($"users/{other.Id}/emails", new { address }, Ct)).StatusCode); // typed by anybody, it blocks nobody
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{other.Id}/emails", new { address }, Ct), HttpStatusCode.Conflict, "email_exists", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{other.Id}/emails", new { address = "no address" }, Ct), HttpStatusCode.BadRequest, "email_invalid", Ct);
    }

    [Fact]
    public async Task Of_ten_people_for_whom_one_address_is_vouched_at_once_one_gets_it()
    {
        var address = PeopleScene.NewAddress();
        var people = new List<User>();
        for (var i = 0; i < 10; i++) people.Add(await host.PersonAsync(Ct, u => u with { Emails = [new(address, false)] }));

        var results = await Task.WhenAll(people.Select(p => UseAsync(e => e.UpdateAsync(p.Id, p.Emails[0].Id, new UserEmailChanges { Verified = true }, Ct))));

        Assert.Single(results, r => r.IsOk);
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(UserErrors.EmailTaken, r.Error));
        Assert.Equal(1, await host.ReadAsync(null, db => db.UserEmails.CountAsync(e => e.Normalized == address && e.VerifiedAt != null, Ct)));
    }

    [Fact]
    public async Task Ten_addresses_at_once_leave_one_primary_and_at_most_twenty()
    {
        var person = await host.PersonAsync(Ct, u => u with { Emails = [.. Enumerable.Range(0, 15).Select(_ => new NewUserEmail(PeopleScene.NewAddress(), false))] });

        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => UseAsync(e => e.AddAsync(person.Id, PeopleScene.NewAddress(), true, Ct))));

        Assert.Equal(5, results.Count(r => r.IsOk));
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(UserErrors.TooManyEmails, r.Error));
        Assert.Equal((20, 1), await host.ReadAsync(null, async db => (await db.UserEmails.CountAsync(e => e.UserId == person.Id, Ct), await db.UserEmails.CountAsync(e => e.UserId == person.Id && e.IsPrimary, Ct))));
    }

    [Fact]
    public async Task Another_persons_address_is_not_there()
    {
        using var api = host.AsOperator();
        var (one, other) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
        await AssertProblem.IsAsync(await api.DeleteAsync($"users/{one.Id}/emails/{other.Emails[0].Id}", Ct), HttpStatusCode.NotFound, "user_email_not_found", Ct);
        await AssertProblem.IsAsync(await api.PatchAsJsonAsync($"users/{one.Id}/emails/{other.Emails[0].Id}", new { verified = false }, Ct), HttpStatusCode.NotFound, "user_email_not_found", Ct);
    }
}

public sealed class UserEmailOnSqlite(SqliteManagement host) : UserEmailTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserEmailOnPostgreSql(PostgreSqlManagement host) : UserEmailTests(host), IClassFixture<PostgreSqlManagement>;
