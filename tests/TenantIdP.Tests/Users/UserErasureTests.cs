using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Users;

/// <summary>What is held about a person is shown to them whole, and goes whole.</summary>
public abstract class UserErasureTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(User Person, string Marker, Id<Core.Organizations.Organization> Organization, Id<UserIdentity> Identity);

    /// <summary>Somebody of whom every place that can hold something holds the marker.</summary>
    private async Task<Scene> SceneAsync()
    {
        var marker = ManagementHost.Unique("marked");
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var connection = await host.ConnectionAsync(organization, Ct);
        var person = await host.PersonAsync(Ct, u => u with
        {
            Emails = [new($"{marker}@example.test", true), new($"{marker}+2@example.test", false)], Name = marker, GivenName = marker, FamilyName = marker, Password = PeopleScene.Password, ExternalId = marker,
            Picture = $"https://img.example.test/{marker}", Metadata = JsonElement.Parse($$"""{"note":"{{marker}}"}"""),
        });
        await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct, person.Id);
        var identity = await host.ReadAsync(organization, async db =>
        {
            var linked = UserIdentity.Link(person.Id, connection, connection.Issuer, marker, "created", TimeProvider.System.GetUtcNow());
            db.UserIdentities.Add(linked);
            (await db.Memberships.SingleAsync(m => m.UserId == person.Id, Ct)).Overlay(marker, TimeProvider.System.GetUtcNow());
            await db.SaveChangesAsync(Ct);
            return linked.Id;
        });
        await host.SessionAsync(person.Id, Ct, connection, null);
        Assert.True((await host.UseAsync<UserService, Result<User>>(null, u => u.UpdateAsync(person.Id, new UserChanges { Name = marker + "2" }, null, Ct))).IsOk); // an event with personal data
        return new Scene(person, marker, organization, identity);
    }

    /// <summary>Every text of every table in which a person can be.</summary>
    private Task<string> EverythingAsync() => host.ReadAsync(null, async db =>
    {
        var filter = new[] { IdpDbContext.OrganizationFilter };
        return JsonSerializer.Serialize(new
        {
            users = (await db.Users.AsNoTracking().ToListAsync(Ct)).Select(u => new { u.Profile, u.ExternalId, u.Metadata.Json }),
            emails = await db.UserEmails.AsNoTracking().Select(e => e.Address + e.Normalized).ToListAsync(Ct),
            identities = await db.UserIdentities.AsNoTracking().Select(i => i.Subject).ToListAsync(Ct),
            memberships = await db.Memberships.IgnoreQueryFilters(filter).AsNoTracking().Select(m => m.NameOverlay).ToListAsync(Ct),
            events = await db.Events.IgnoreQueryFilters(filter).AsNoTracking().Select(e => e.Data).ToListAsync(Ct),
            personal = await db.PersonalEventData.IgnoreQueryFilters(filter).AsNoTracking().Select(p => p.Data).ToListAsync(Ct),
        });
    });

    [Fact]
    public async Task An_export_holds_everything_about_the_person_and_no_secret()
    {
        using var api = host.AsOperator();
        var scene = await SceneAsync();
        var other = await SceneAsync();

        var export = await api.AnswerAsync(HttpMethod.Get, $"users/{scene.Person.Id}/export", null, Ct);

        Assert.Equal((scene.Marker, scene.Marker), (export.GetProperty("user").GetProperty("externalId").GetString(), export.GetProperty("user").GetProperty("metadata").GetProperty("note").GetString()));
        Assert.Equal(2, export.GetProperty("user").GetProperty("emails").GetArrayLength());
        Assert.Equal(JsonValueKind.String, export.GetProperty("passwordChangedAt").ValueKind);
        Assert.Equal(scene.Marker, Assert.Single(export.GetProperty("identities").EnumerateArray()).GetProperty("subject").GetString());
        Assert.Equal(scene.Marker, Assert.Single(export.GetProperty("memberships").EnumerateArray()).GetProperty("nameOverlay").GetString());
        Assert.Equal("Firefox on a test", Assert.Single(export.GetProperty("sessions").EnumerateArray()).GetProperty("userAgent").GetString());
        var events = export.GetProperty("events").EnumerateArray().ToList();
        Assert.Contains(events, e => e.GetProperty("type").GetString() == EventTypes.UserUpdated && e.GetProperty("personal").GetProperty("name").GetString() == scene.Marker + "2");
        var (hash, token) = await host.ReadAsync(null, async db => (
            (await db.LocalCredentials.SingleAsync(c => c.UserId == scene.Person.Id, Ct)).PasswordHash, (await db.Sessions.SingleAsync(s => s.UserId == scene.Person.Id, Ct)).TokenHash));
        foreach (var foreign in new[] { hash, token, other.Marker, other.Person.Id.ToString() }) Assert.DoesNotContain(foreign, export.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(EventTypes.UserExported, await host.EventsAsync(scene.Person.Id, Ct));
    }

    [Fact]
    public async Task An_erased_person_leaves_an_id_and_nothing_else()
    {
        using var api = host.AsOperator();
        var (scene, other) = (await SceneAsync(), await SceneAsync());
        Assert.Contains(scene.Marker, await EverythingAsync(), StringComparison.Ordinal);

        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{scene.Person.Id}/erase", new { confirm = other.Person.Id.ToString() }, Ct), HttpStatusCode.BadRequest, "erase_not_confirmed", Ct);
        var erased = await api.AnswerAsync(HttpMethod.Post, $"users/{scene.Person.Id}/erase", new { confirm = scene.Person.Id.ToString() }, Ct);

        Assert.Equal((scene.Person.Id.ToString(), "erased"), (erased.GetProperty("id").GetString(), erased.GetProperty("status").GetString()));
        var everything = await EverythingAsync();
        Assert.DoesNotContain(scene.Marker, everything, StringComparison.Ordinal);
        Assert.Contains(other.Marker, everything, StringComparison.Ordinal);
        Assert.Equal(
            (0, 0, 0), await host.ReadAsync(null, async db => (
                await db.Sessions.CountAsync(s => s.UserId == scene.Person.Id, Ct), await db.LocalCredentials.CountAsync(c => c.UserId == scene.Person.Id, Ct),
                await db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(m => m.UserId == scene.Person.Id, Ct))));
        Assert.Contains(scene.Person.Id.ToString(), host.Revoker.Ended);
        Assert.Contains(EventTypes.UserErased, await host.EventsAsync(scene.Person.Id, Ct));
        Assert.Equal(1, await host.ReadAsync(scene.Organization, db => db.Events.CountAsync(e => e.Type == EventTypes.MemberRemoved, Ct)));
        await AssertProblem.IsAsync(await api.PostAsync($"users/{scene.Person.Id}/resume", null, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsJsonAsync("users", new { externalId = scene.Marker, emails = new[] { new { address = $"{scene.Marker}@example.test", verified = true } } }, Ct)).StatusCode);
    }

    [Fact]
    public async Task What_was_kept_under_merged_ids_is_exported_and_erased_with_the_person()
    {
        using var api = host.AsOperator();
        var (first, second, last) = (await SceneAsync(), await SceneAsync(), await SceneAsync());
        await api.AnswerAsync(HttpMethod.Post, $"users/{second.Person.Id}/merge", new { from = first.Person.Id.ToString() }, Ct);
        await api.AnswerAsync(HttpMethod.Post, $"users/{last.Person.Id}/merge", new { from = second.Person.Id.ToString() }, Ct);
        string[] names = [first.Person.Id.ToString(), second.Person.Id.ToString(), last.Person.Id.ToString()];

        var export = await api.AnswerAsync(HttpMethod.Get, $"users/{last.Person.Id}/export", null, Ct);
        Assert.Equal(3, export.GetProperty("sessions").GetArrayLength());
        foreach (var scene in new[] { first, second, last })
            Assert.Contains(export.GetProperty("events").EnumerateArray(), e => e.GetProperty("type").GetString() == EventTypes.UserUpdated && e.GetProperty("personal").GetProperty("name").GetString() == scene.Marker + "2");

        await api.AnswerAsync(HttpMethod.Post, $"users/{last.Person.Id}/erase", new { confirm = last.Person.Id.ToString() }, Ct);

        var everything = await EverythingAsync();
        foreach (var scene in new[] { first, second, last }) Assert.DoesNotContain(scene.Marker, everything, StringComparison.Ordinal);
        var ids = new[] { first.Person.Id, second.Person.Id, last.Person.Id };
        Assert.Equal(0, await host.ReadAsync(null, db => db.Sessions.CountAsync(s => ids.Contains(s.UserId), Ct)));
        Assert.All(names, name => Assert.Contains(name, everything, StringComparison.Ordinal)); // the ids keep their meaning
    }

    [Fact]
    public async Task What_an_earlier_erasure_has_left_is_erased_by_another()
    {
        using var api = host.AsOperator();
        var (merged, person) = (await SceneAsync(), await SceneAsync());
        await api.AnswerAsync(HttpMethod.Post, $"users/{person.Person.Id}/merge", new { from = merged.Person.Id.ToString() }, Ct);
        // As the erasure of before left it: the row of the person is a tombstone, the rest is there.
        await host.ReadAsync(null, async db =>
        {
            (await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == person.Person.Id, Ct)).Erase(TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });
        Assert.Contains(merged.Marker, await EverythingAsync(), StringComparison.Ordinal);

        await api.AnswerAsync(HttpMethod.Post, $"users/{person.Person.Id}/erase", new { confirm = person.Person.Id.ToString() }, Ct);

        Assert.DoesNotContain(merged.Marker, await EverythingAsync(), StringComparison.Ordinal);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{merged.Person.Id}/erase", new { confirm = merged.Person.Id.ToString() }, Ct), HttpStatusCode.Conflict, "user_ended", Ct);
    }

    [Fact]
    public async Task The_last_owner_is_not_erased_and_loses_nothing()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });
        await host.NewOrganizationAsync(Ct, person.Id);
        var session = await host.SessionAsync(person.Id, Ct, [null]);

        await AssertProblem.IsAsync(await api.PostAsJsonAsync($"users/{person.Id}/erase", new { confirm = person.Id.ToString() }, Ct), HttpStatusCode.Conflict, "last_owner", Ct);

        Assert.True(await host.StandsAsync(session, Ct));
        var left = await host.UseAsync<UserService, Result<User>>(null, u => u.FindAsync(person.Id, Ct));
        Assert.Equal((UserStatus.Active, "Ann Example", 1), (left.Value!.Status, left.Value.Name, left.Value.Emails.Count)); // a user that exists
    }

    [Fact]
    [Trait("Attack", "C11")]
    public async Task Of_the_last_two_owners_erased_at_once_one_stays()
    {
        for (var round = 0; round < 8; round++)
        {
            var (one, other) = (await host.PersonAsync(Ct), await host.PersonAsync(Ct));
            var organization = await host.NewOrganizationAsync(Ct, one.Id);
            await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct, other.Id);

            var results = await Task.WhenAll(new[] { one.Id, other.Id }.Select(id => host.UseAsync<UserErasure, Result<User>>(null, e => e.EraseAsync(id, id, Ct))));

            Assert.Single(results, r => r.IsOk);
            Assert.Contains(results, r => r.Error == MemberErrors.LastOwner);
        }
    }
}

public sealed class UserErasureOnSqlite(SqliteManagement host) : UserErasureTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserErasureOnPostgreSql(PostgreSqlManagement host) : UserErasureTests(host), IClassFixture<PostgreSqlManagement>;
