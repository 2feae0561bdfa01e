using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Users;

public abstract class UserImportTests(ManagementHost host)
{
    private const string Hash = "pbkdf2_sha256$1000$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<IReadOnlyList<ImportOutcome>> ImportAsync(ImportOptions options, params ImportRow[] rows) =>
        host.UseAsync<UserImport, IReadOnlyList<ImportOutcome>>(null, import => import.RunAsync([.. rows.Select(r => (Result<ImportRow>)r)], options, Ct));

    private Task<IReadOnlyList<ImportOutcome>> ImportAsync(params ImportRow[] rows) => ImportAsync(new ImportOptions(false, false), rows);

    private static ImportRow Row(Id<Organization> organization, string role = BuiltInRoles.Member) => new()
    {
        ExternalId = ManagementHost.Unique("ext"), Email = PeopleScene.NewAddress(), EmailVerified = true, Name = "Ann Example", PasswordHash = new ImportPasswordHash(Hash, "pbkdf2"),
        Memberships = [new ImportMembership(organization.ToString(), [role])],
    };

    private static string?[] Codes(IEnumerable<ImportOutcome> outcomes) => [.. outcomes.Select(o => o.Error?.Code)];

    [Fact]
    public async Task A_repeated_import_changes_nothing_and_writes_no_event()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        ImportRow[] rows = [Row(organization, BuiltInRoles.Owner), Row(organization), Row(organization)];

        var first = await ImportAsync(rows);
        var events = await host.EventsAsync(first[0].User!.Value, Ct);
        var second = await ImportAsync(rows);

        Assert.All(first, o => Assert.Equal(ImportStatus.Created, o.Status));
        Assert.All(second, o => Assert.Equal(ImportStatus.Unchanged, o.Status));
        Assert.Equal(first.Select(o => (o.User, o.Members[0])), second.Select(o => (o.User, o.Members[0])));
        Assert.NotEmpty(events);
        Assert.Equal(events, await host.EventsAsync(first[0].User!.Value, Ct));
        Assert.Equal(Hash, await host.ReadAsync(null, db => db.LocalCredentials.Where(c => c.UserId == first[1].User).Select(c => c.PasswordHash).SingleAsync(Ct)));
    }

    [Fact]
    public async Task Who_is_imported_is_in_the_default_workspace_like_any_other_new_member()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Null((await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace("General", "general") { IsDefault = true }, Ct))).Error);
        var (together, alone, guest) = (Row(organization), Row(organization), Row(organization, BuiltInRoles.Guest));
        await ImportAsync(alone with { Memberships = [] });

        var outcomes = await ImportAsync(together, alone, guest);

        Assert.Equal([ImportStatus.Created, ImportStatus.Updated, ImportStatus.Created], outcomes.Select(o => o.Status));
        var members = await host.ReadAsync(organization, db => db.WorkspaceMembers.Where(m => m.OrganizationId == organization).Select(m => m.MembershipId).ToListAsync(Ct));
        Assert.Equal(outcomes.Take(2).Select(o => o.Members[0]).Order(), members.Order());
    }

    [Fact]
    public async Task A_bad_row_stops_no_other_and_leaves_nothing_behind()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var (good, again) = (Row(organization), Row(organization));
        var bad = Row(organization, "no-such-role");
        ImportRow[] rows =
        [
            good, bad, Row(organization) with { Memberships = [new ImportMembership("no-such-organization")] }, Row(organization) with { Email = "not an address" },
            Row(organization) with { PasswordHash = new ImportPasswordHash("$2y$31$cUvqGC2G4bF.Ehrx.SuLlOzkNCz85xUP7OAVhjnzPGbCl6UeHKPMm") },
            Row(organization) with { PasswordHash = new ImportPasswordHash(Hash, "bcrypt") }, again with { ExternalId = good.ExternalId, Email = good.Email }, again,
        ];

        var outcomes = await ImportAsync(rows);

        Assert.Equal([null, "role_unknown", "import_organization_unknown", "email_invalid", "password_hash_too_costly", "password_hash_algorithm_differs", null, null], Codes(outcomes));
        Assert.Equal((outcomes[0].User, ImportStatus.Unchanged), (outcomes[6].User, outcomes[6].Status));
        Assert.False(await host.ReadAsync(null, db => db.Users.AnyAsync(u => u.ExternalId == bad.ExternalId, Ct)));
    }

    [Fact]
    public async Task A_slug_that_is_another_organizations_external_id_takes_no_imported_people()
    {
        var (ours, theirs) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        var name = ManagementHost.Unique("ext");
        await ChangeAsync(ours, new OrganizationChanges { ExternalId = name });
        await ChangeAsync(theirs, new OrganizationChanges { Slug = name });
        ImportRow With(ImportMembership membership) => Row(ours) with { Memberships = [membership] };

        var outcomes = await ImportAsync(
            With(new ImportMembership(name)), With(new ImportMembership { OrganizationExternalId = name }), With(new ImportMembership { OrganizationId = ours.ToString() }),
            With(new ImportMembership { OrganizationSlug = name }), With(new ImportMembership { OrganizationId = name }), With(new ImportMembership(name) { OrganizationExternalId = name }), With(new ImportMembership()));

        Assert.Equal(["import_organization_ambiguous", null, null, null, "import_organization_unknown", "import_organization_named_twice", "import_organization_unknown"], Codes(outcomes));
        Assert.Equal([ours, ours, theirs], await Task.WhenAll(outcomes.Skip(1).Take(3).Select(o => PlaceAsync(o.Members[0]))));

        async Task ChangeAsync(Id<Organization> organization, OrganizationChanges changes) =>
            Assert.Null((await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(organization, changes, Granter.Instance, null, Ct))).Error);
        Task<Id<Organization>> PlaceAsync(Id<Membership> member) =>
            host.ReadAsync(null, db => db.Memberships.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(m => m.Id == member).Select(m => m.OrganizationId).SingleAsync(Ct));
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task An_account_is_found_by_its_address_only_when_asked_for_and_keeps_its_password()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var person = await host.PersonAsync(Ct, u => u with { Password = PeopleScene.Password });
        var row = Row(organization) with { Email = person.Emails[0].Address };
        var before = await PasswordAsync();

        Assert.Equal(["import_matches_by_email"], Codes(await ImportAsync(row)));
        var outcome = Assert.Single(await ImportAsync(new ImportOptions(true, false), row));

        Assert.Equal((ImportStatus.Updated, person.Id), (outcome.Status, outcome.User!.Value));
        Assert.Equal(before, await PasswordAsync());
        Assert.Equal(["email_taken"], Codes(await ImportAsync(new ImportOptions(true, false), row with { ExternalId = ManagementHost.Unique("other") })));

        Task<string> PasswordAsync() => host.ReadAsync(null, db => db.LocalCredentials.Where(c => c.UserId == person.Id).Select(c => c.PasswordHash).SingleAsync(Ct));
    }

    [Fact]
    public async Task Each_line_has_an_answer_whatever_it_is()
    {
        using var api = host.AsOperator();
        var id = ManagementHost.Unique("ext");
        var body = $$"""{"externalId":"{{id}}","name":"Ann"}""" + "\n\nnot json\n" + """{"externalId":"a","unknown":1}""" + "\n" + """{"externalId":"a\u0000b"}""" + "\n[]\nnull";

        using var answer = await api.PostAsync("users/import", new StringContent(body, null, "application/x-ndjson"), Ct);

        Assert.Equal((HttpStatusCode.OK, "application/x-ndjson"), (answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        var lines = (await answer.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l)).ToList();
        Assert.Equal([1, 2, 3, 4, 5, 6], lines.Select(l => l.GetProperty("row").GetInt32()));
        Assert.Equal("created", lines[0].GetProperty("status").GetString());
        Assert.Equal(["import_row_invalid", "import_row_invalid", "text_invalid", "import_row_invalid", "import_row_invalid"], lines.Skip(1).Select(l => l.GetProperty("error").GetProperty("code").GetString()));
        await AssertProblem.IsAsync(await api.PostAsync("users/import?match=name", new StringContent("", null, "application/x-ndjson"), Ct), HttpStatusCode.BadRequest, "match_invalid", Ct);
    }

    [Fact]
    [Trait("Attack", "G5")]
    public async Task An_import_that_is_too_large_or_no_ndjson_is_refused_as_a_whole()
    {
        using var api = host.AsOperator();
        await AssertProblem.IsAsync(await api.PostAsync("users/import", new StringContent(string.Concat(Enumerable.Repeat("{}\n", 10_001)), null, "application/x-ndjson"), Ct), HttpStatusCode.BadRequest, "import_too_many_rows", Ct);
        await AssertProblem.IsAsync(await api.PostAsync("users/import", new StringContent(new string('x', 20 * 1024 * 1024 + 1), null, "application/x-ndjson"), Ct), HttpStatusCode.RequestEntityTooLarge, "request_too_large", Ct);
        await AssertProblem.IsAsync(await api.PostAsync("users/import", new StringContent("{}", null, "application/json"), Ct), HttpStatusCode.UnsupportedMediaType, "unsupported_media_type", Ct);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_and_keeps_nothing()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var (fresh, known) = (Row(organization), Row(organization));
        await ImportAsync(known);

        var outcomes = await ImportAsync(new ImportOptions(false, true), fresh, known with { Name = "Another Name" }, known);

        Assert.Equal(ImportStatus.Created, outcomes[0].Status);
        Assert.Equal(ImportStatus.Updated, outcomes[1].Status);
        Assert.False(await host.ReadAsync(null, db => db.Users.AnyAsync(u => u.ExternalId == fresh.ExternalId || u.Name == "Another Name", Ct)));
    }

    [Fact]
    public async Task Who_was_removed_stays_removed_and_a_full_organization_stays_full()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var row = Row(organization);
        var member = (await ImportAsync(row))[0].Members[0];
        await host.UseAsync<MemberService, Result>(organization, members => members.RemoveAsync(organization, member, Granter.Instance, Ct));
        Assert.Equal(["membership_ended"], Codes(await ImportAsync(row)));

        var small = await host.NewOrganizationAsync(Ct);
        await host.ReadAsync(small, async db =>
        {
            (await db.Organizations.SingleAsync(o => o.Id == small, Ct)).LimitMembers(2, TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });
        Assert.Equal([null, null, "member_limit_reached"], Codes(await ImportAsync(Row(small), Row(small), Row(small))));
    }
}

public sealed class UserImportOnSqlite(SqliteManagement host) : UserImportTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class UserImportOnPostgreSql(PostgreSqlManagement host) : UserImportTests(host), IClassFixture<PostgreSqlManagement>;
