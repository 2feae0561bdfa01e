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

public abstract class UserProfileTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<HttpResponseMessage> PatchAsync(HttpClient api, Id<User> user, object body) => await api.PatchAsJsonAsync($"users/{user}", body, Ct);

    [Theory]
    [InlineData("Ann@Bücher.example", "ann@xn--bcher-kva.example")]
    [InlineData("ann@xn--bcher-kva.example", "ANN@BÜCHER.example")]
    public async Task An_address_is_found_in_any_case_and_either_form_of_its_domain_verified_or_not(string stored, string asked)
    {
        using var api = host.AsOperator();
        var tag = ManagementHost.Unique("t");
        var verified = await host.PersonAsync(Ct, u => u with { Emails = [new(Tagged(stored, tag), true)] });
        var claimed = await host.PersonAsync(Ct, u => u with { Emails = [new(Tagged(stored, tag), false)] });

        var found = await api.AnswerAsync(HttpMethod.Get, $"users?email={Uri.EscapeDataString(Tagged(asked, tag))}", null, Ct);

        Assert.Equal([verified.Id.ToString(), claimed.Id.ToString()], found.GetProperty("data").EnumerateArray().Select(u => u.GetProperty("id").GetString()));
    }

    private static string Tagged(string address, string tag) => address.Replace("@", $"+{tag}@", StringComparison.Ordinal);

    [Fact]
    public async Task A_person_is_found_by_the_applications_own_id_which_only_one_can_have()
    {
        using var api = host.AsOperator();
        var external = ManagementHost.Unique("crm/ann ü");
        var person = await host.PersonAsync(Ct, u => u with { ExternalId = external });

        Assert.Equal(person.Id.ToString(), (await api.AnswerAsync(HttpMethod.Get, $"users/by-external-id/{Uri.EscapeDataString(external)}", null, Ct)).GetProperty("id").GetString());
        var listed = await api.AnswerAsync(HttpMethod.Get, $"users?externalId={Uri.EscapeDataString(external)}", null, Ct);
        Assert.Equal(person.Id.ToString(), Assert.Single(listed.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        await AssertProblem.IsAsync(await api.GetAsync("users/by-external-id/nobody", Ct), HttpStatusCode.NotFound, "user_not_found", Ct);
        await AssertProblem.IsAsync(await api.PostAsJsonAsync("users", new { externalId = external }, Ct), HttpStatusCode.Conflict, "external_id_taken", Ct);
        await AssertProblem.IsAsync(await PatchAsync(api, (await host.PersonAsync(Ct)).Id, new { externalId = external }), HttpStatusCode.Conflict, "external_id_taken", Ct);
    }

    [Fact]
    public async Task The_same_upsert_again_changes_nothing()
    {
        using var api = host.AsOperator();
        var (path, address) = ($"users/by-external-id/{ManagementHost.Unique("crm")}", PeopleScene.NewAddress());
        var body = new { name = "Ann", phoneNumber = "+4930901820", emails = new[] { new { address, verified = true } }, metadata = new { plan = "gold", seats = 3 } };

        var first = await api.PutAsJsonAsync(path, body, Ct);
        var second = await api.PutAsJsonAsync(path, body, Ct);
        var third = await api.PutAsJsonAsync(path, new { name = "Ann", emails = new[] { new { address = "x" + address } }, metadata = new { seats = (int?)null } }, Ct);

        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.OK], [first.StatusCode, second.StatusCode, third.StatusCode]);
        var (made, same, changed) = (await ReadAsync(first), await ReadAsync(second), await ReadAsync(third));
        // Not the whole text: one store keeps times to the microsecond, and the first answer has them finer.
        foreach (var member in new[] { "id", "name", "phoneNumber", "metadata", "version" }) Assert.Equal(made.GetProperty(member).GetRawText(), same.GetProperty(member).GetRawText());
        Assert.Equal(made.GetProperty("emails")[0].GetProperty("id").GetString(), Assert.Single(same.GetProperty("emails").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(JsonValueKind.Null, changed.GetProperty("phoneNumber").ValueKind); // a whole profile: what is left out is removed
        Assert.Equal("""{"plan":"gold"}""", changed.GetProperty("metadata").GetRawText());
        Assert.Equal([address, "x" + address], changed.GetProperty("emails").EnumerateArray().Select(e => e.GetProperty("address").GetString()));
        Assert.Equal(
            [EventTypes.UserCreated, EventTypes.UserEmailAdded, EventTypes.UserUpdated], (await host.EventsAsync(Id<User>.Parse(made.GetProperty("id").GetString()!, null), Ct)).Order(StringComparer.Ordinal)); // a user has an id
    }

    [Fact]
    public async Task Twenty_first_upserts_at_once_make_one_person()
    {
        var external = ManagementHost.Unique("crm");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.UseAsync<UserService, Result<(User User, bool Created)>>(null, u => u.UpsertAsync(external, new NewUser([], "Ann"), Ct))));

        Assert.All(results, r => Assert.True(r.IsOk, r.Error?.Code));
        Assert.Single(results, r => r.Value.Created);
        Assert.Single(results.Select(r => r.Value.User.Id).Distinct());
    }

    [Fact]
    public async Task A_profile_is_what_was_sent_and_null_takes_a_part_away()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct);

        var full = await ReadAsync(await PatchAsync(api, person.Id, new { picture = "https://img.example.test/a.png", phoneNumber = "+41443456789", locale = "de-CH", zoneInfo = "Europe/Zurich", givenName = "Änn" }));
        var less = await ReadAsync(await PatchAsync(api, person.Id, new { picture = (string?)null }));

        Assert.Equal("https://img.example.test/a.png", full.GetProperty("picture").GetString());
        Assert.Equal(JsonValueKind.Null, less.GetProperty("picture").ValueKind);
        Assert.Equal(["Änn", "+41443456789", "de-CH", "Europe/Zurich"], new[] { "givenName", "phoneNumber", "locale", "zoneInfo" }.Select(p => less.GetProperty(p).GetString()));
        Assert.Equal(full.GetProperty("version").GetInt32() + 1, less.GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData("picture", "http://img.example.test/a.png", "picture_invalid")]
    [InlineData("picture", "javascript:alert(1)", "picture_invalid")]
    [InlineData("picture", "data:image/png;base64,AAAA", "picture_invalid")]
    [InlineData("picture", "https://ann:pw@img.example.test/", "picture_invalid")]
    [InlineData("picture", "/a.png", "picture_invalid")]
    [InlineData("phoneNumber", "030 901820", "phone_number_invalid")]
    [InlineData("phoneNumber", "+49309018200000000", "phone_number_invalid")]
    [InlineData("phoneNumber", "+4930901820\n", "phone_number_invalid")]
    [InlineData("locale", "german please", "locale_invalid")]
    [InlineData("zoneInfo", "../../etc/passwd", "zone_info_invalid")]
    [InlineData("externalId", "", "external_id_invalid")]
    [InlineData("name", "\u202Eeman", "invalid_name")]
    public async Task What_is_no_such_thing_is_refused_and_nothing_is_changed(string member, string value, string code)
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct);

        var problem = await AssertProblem.IsAsync(await PatchAsync(api, person.Id, new Dictionary<string, string> { [member] = value, [member == "locale" ? "zoneInfo" : "locale"] = member == "locale" ? "UTC" : "de" }), HttpStatusCode.BadRequest, code, Ct);

        Assert.Equal(member, problem.GetProperty("field").GetString());
        var after = await host.ReadAsync(null, db => db.Users.SingleAsync(u => u.Id == person.Id, Ct));
        Assert.Equal((person.Version, null, null), (after.Version, after.Locale, after.ZoneInfo));
        Assert.Equal([EventTypes.UserCreated], await host.EventsAsync(person.Id, Ct));
    }

    [Fact]
    public async Task Metadata_is_merged_and_bounded()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct);
        async Task<string> MergeAsync(string json) =>
            (await ReadAsync(await api.PatchAsync($"users/{person.Id}", new StringContent($$"""{"metadata":{{json}}}""", null, "application/merge-patch+json"), Ct))).GetProperty("metadata").GetRawText();

        Assert.Equal("""{"a":{"b":1,"c":[1,2]},"d":"x"}""", await MergeAsync("""{"a":{"b":1,"c":[1,2]},"d":"x"}"""));
        Assert.Equal("""{"a":{"b":1,"c":[3],"e":true}}""", await MergeAsync("""{"a":{"c":[3],"e":true},"d":null}"""));
        Assert.Equal("""{"a":7}""", await MergeAsync("""{"a":7}"""));
        Assert.Equal("{}", await MergeAsync("null"));
        await AssertProblem.IsAsync(await PatchAsync(api, person.Id, new { metadata = new[] { 1 } }), HttpStatusCode.BadRequest, "metadata_invalid", Ct);
        await AssertProblem.IsAsync(await PatchAsync(api, person.Id, new { metadata = Enumerable.Range(0, 51).ToDictionary(i => $"k{i}", i => i) }), HttpStatusCode.BadRequest, "metadata_too_large", Ct);
        await AssertProblem.IsAsync(await PatchAsync(api, person.Id, new { metadata = new { a = new string('x', Metadata.MaxBytes) } }), HttpStatusCode.BadRequest, "metadata_too_large", Ct);
        Assert.Equal("{}", (await api.AnswerAsync(HttpMethod.Get, $"users/{person.Id}", null, Ct)).GetProperty("metadata").GetRawText());
    }

    [Fact]
    public async Task An_old_version_changes_nothing()
    {
        using var api = host.AsOperator();
        var person = await host.PersonAsync(Ct);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"users/{person.Id}") { Content = JsonContent.Create(new { locale = "de" }) };
        request.Headers.TryAddWithoutValidation("If-Match", "\"99\"");
        await AssertProblem.IsAsync(await api.SendAsync(request, Ct), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}

public sealed class UserProfileOnSqlite(SqliteManagement host) : UserProfileTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserProfileOnPostgreSql(PostgreSqlManagement host) : UserProfileTests(host), IClassFixture<PostgreSqlManagement>;
