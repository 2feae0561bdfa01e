using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>Microsoft Entra: groups, of which it makes one empty, fills it in batches and never reads the members.</summary>
public abstract class EntraGroupTests(IdpHost idp) : DialectTests(idp)
{
    private const string Developers = """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
          "externalId": "8aa1a0c0-0000-4000-8000-000000000001", "displayName": "Developers", "meta": { "resourceType": "Group" }
        }
        """;

    private static readonly Step Made = Post("/Groups", Developers).Answers(201).Keeps("developers");

    internal override Vendor Vendor => Vendor.Entra;

    [Fact, Trait("Scim", "V19")]
    public Task A_group_is_made_with_a_schema_of_microsofts_that_says_nothing() => PlayAsync(
        Post("/Groups", Developers).Answers(201, """{ "id": "<any>", "externalId": "8aa1a0c0-0000-4000-8000-000000000001", "displayName": "Developers", "meta": { "resourceType": "Group" } }"""));

    [Fact, Trait("Scim", "V20")]
    public Task A_second_group_of_one_name_is_a_conflict() => PlayAsync(
        Made, Post("/Groups", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "externalId": "8aa1a0c0-0000-4000-8000-000000000002", "displayName": "DEVELOPERS" }""")
            .Answers(409, """{ "scimType": "uniqueness" }"""));

    [Fact, Trait("Scim", "V21"), Trait("Scim", "V22"), Trait("Scim", "E21")]
    public Task Groups_are_matched_in_any_case_and_by_external_id_without_their_members() => PlayAsync(
        Someone("ann"), Made, SomeGroup("others", "ann"),
        Patch("/Groups/<developers>", """{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "<ann>" }] }""").Answers(204),
        Get("/Groups/<developers>?excludedAttributes=members").Answers(200, """{ "displayName": "Developers", "members": null }"""),
        Get("""/Groups?excludedAttributes=members&filter=displayName eq "dEvElOpErS" """).Answers(200, """{ "Resources": [{ "displayName": "Developers", "members": null }] }""").Finds("developers"),
        Get("""/Groups?filter=externalId eq "8aa1a0c0-0000-4000-8000-000000000001" """).Finds("developers"),
        Get("""/Groups?filter=displayName eq "Nobody's"&excludedAttributes=members""").Finds());

    [Fact, Trait("Scim", "V25"), Trait("Scim", "E19")]
    public Task Members_that_are_added_twice_are_members_once() => PlayAsync(
        Someone("ann"), Someone("bob"), Made,
        Patch("/Groups/<developers>", """{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "<ann>" }] }""").Answers(204),
        Patch("/Groups/<developers>", """{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "<ann>" }, { "$ref": null, "value": "<bob>" }] }""").Answers(204),
        Patch("/Groups/<developers>", """{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "<bob>" }] }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>", "type": "User", "$ref": "<any>" }, { "value": "<bob>" }] }"""));

    [Fact, Trait("Scim", "V26"), Trait("Scim", "E18"), Trait("Scim", "E19"), Trait("Scim", "E20")]
    public Task Only_the_named_members_are_removed_and_an_absent_one_is_no_error() => PlayAsync(
        Someone("ann"), Someone("bob"), Someone("eve"), SomeGroup("developers", "ann", "bob", "eve"),
        Patch("/Groups/<developers>", """{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "<ann>" }] }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<bob>" }, { "value": "<eve>" }] }"""),
        Patch("/Groups/<developers>", """{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "<ann>" }] }""").Answers(204),
        Patch("/Groups/<developers>", """{ "op": "Remove", "path": "members[value eq \"<bob>\"]" }, { "op": "Remove", "path": "members[value eq \"<ann>\"]" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<eve>" }] }"""));

    [Fact, Trait("Scim", "V18")]
    public Task A_group_is_renamed_and_keeps_its_members() => PlayAsync(
        Someone("ann"), SomeGroup("developers", "ann"),
        Patch("/Groups/<developers>", """{ "op": "Replace", "path": "displayName", "value": "Engineers" }, { "op": "Replace", "path": "externalId", "value": "8aa1a0c0-0000-4000-8000-000000000003" }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "Engineers", "externalId": "8aa1a0c0-0000-4000-8000-000000000003", "members": [{ "value": "<ann>" }] }"""),
        Get("""/Groups?filter=displayName eq "developers" """).Finds());

    [Fact, Trait("Scim", "F42"), Trait("Scim", "F45"), Trait("Scim", "G02")]
    public Task Who_is_in_what_is_asked_from_both_sides() => PlayAsync(
        Someone("ann"), Someone("bob"), SomeGroup("developers", "ann"), SomeGroup("others", "bob"),
        Get("""/Groups?filter=members.value eq "<ann>" """).Finds("developers"),
        Get("""/Groups?filter=members[value eq "<bob>"]&attributes=id""").Finds("others"),
        Get("""/Users?filter=groups.value eq "<developers>" """).Finds("ann"),
        Get("/Users/<ann>").Answers(200, """{ "groups": [{ "value": "<developers>", "display": "developers" }] }"""));

    [Fact, Trait("Scim", "V28")]
    public Task A_member_that_nobody_knows_is_refused_and_the_others_are_not_added() => PlayAsync(
        Someone("ann"), Made,
        Patch("/Groups/<developers>", """{ "op": "Add", "path": "members", "value": [{ "value": "<ann>" }, { "value": "3f2a9c1e-0000-4000-8000-1b2c3d4e5f60" }] }""").Answers(400, """{ "scimType": "invalidValue" }"""),
        Get("""/Groups?filter=members.value eq "<ann>" """).Finds());

    [Fact, Trait("Scim", "E29")]
    public async Task A_thousand_members_are_added_and_removed_by_one_request()
    {
        const int Many = 1_000;
        var (ct, caller) = (TestContext.Current.CancellationToken, await OpenAsync());
        await caller.PlayAsync([Made], ct);
        var ids = new string[Many];
        await Parallel.ForAsync(0, Many, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (i, stop) =>
        {
            var answer = await caller.SendAsync(HttpMethod.Post, "/Users", $$"""{ "schemas": ["{{CoreUser}}"], "userName": "p{{i}}@<domain>", "emails": [{ "type": "work", "value": "p{{i}}@<domain>" }] }""", stop);
            Assert.True(answer.Status == 201, $"{answer.Status} {answer.Body}");
            ids[i] = (string)answer.Body!["id"]!; // 201 has it
        });

        var add = await caller.SendAsync(HttpMethod.Patch, "/Groups/<developers>", Patch("", $$"""{ "op": "Add", "path": "members", "value": [{{All(ids)}}] }""").Body, ct);
        Assert.True(add.Status == 204, $"{add.Status} {add.Body}");
        Assert.Equal(ids.Order(StringComparer.Ordinal), await MembersAsync());
        var remove = await caller.SendAsync(HttpMethod.Patch, "/Groups/<developers>", Patch("", $$"""{ "op": "Remove", "path": "members", "value": [{{All(ids[1..])}}] }""").Body, ct);
        Assert.True(remove.Status == 204, $"{remove.Status} {remove.Body}");
        Assert.Equal([ids[0]], await MembersAsync());

        async Task<IEnumerable<string>> MembersAsync() =>
            (await caller.SendAsync(HttpMethod.Get, "/Groups/<developers>", null, ct)).Body!["members"]!.AsArray().Select(m => (string)m!["value"]!).Order(StringComparer.Ordinal); // a group with members
        static string All(IEnumerable<string> ids) => string.Join(',', ids.Select(id => $$"""{ "$ref": null, "value": "{{id}}" }"""));
    }
}

[Collection(SqliteHost.Name)]
public sealed class EntraGroupsOnSqlite(SqliteIdp idp) : EntraGroupTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EntraGroupsOnPostgreSql(PostgreSqlIdp idp) : EntraGroupTests(idp);
