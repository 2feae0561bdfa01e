using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>What Okta asks of an application before it enters its catalogue, in its order.</summary>
public abstract class OktaGateTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Okta;

    [Fact, Trait("Scim", "O-spec")]
    public Task Everything_that_okta_asks_before_it_lists_an_application() => PlayAsync(
        Someone("first"),
        Get("/Users?count=1&startIndex=1").Answers(200, """
            {
              "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "itemsPerPage": 1, "startIndex": 1, "totalResults": 1,
              "Resources": [{ "id": "<first>", "name": { "familyName": "<any>", "givenName": "<any>" }, "userName": "<any>", "active": true, "emails": [{ "value": "<any>" }] }]
            }
            """),
        Get("/Users/<first>").Answers(200, """{ "id": "<first>", "name": { "familyName": "<any>", "givenName": "<any>" }, "userName": "<any>", "active": true, "emails": [{ "value": "<any>" }] }"""),
        Get("""/Users?filter=userName eq "abcdefgh@<domain>" """).Answers(200, """{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0 }"""),
        Get("/Users/010101001010101011001010101011").Answers(404),
        Get("""/Users?filter=userName eq "mara.quint@<domain>" """).Finds(),
        Post("/Users", Mara).Answers(201, $$"""
            { "schemas": ["{{CoreUser}}"], "id": "<any>", "active": true, "name": { "familyName": "Quint", "givenName": "Mara" }, "userName": "mara.quint@<domain>", "emails": [{ "value": "mara.quint@<domain>" }] }
            """).Keeps("mara"),
        Get("/Users/<mara>").Answers(200, """{ "userName": "mara.quint@<domain>", "name": { "familyName": "Quint", "givenName": "Mara" } }"""),
        Post("/Users", Mara).Answers(409),
        Get("""/Users?filter=userName eq "MARA.QUINT@<domain>" """).Finds("mara"),
        Get("/Groups").Answers(200, """{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0 }"""),
        Get("/Users/00919288221112222").Answers(404, """{ "status": "404", "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"] }"""));

    [Fact, Trait("Scim", "O-spec")]
    public async Task A_word_that_is_no_token_is_401_in_the_protocols_own_form()
    {
        var (ct, caller) = (TestContext.Current.CancellationToken, await OpenAsync());

        var answer = await caller.SendAsync(HttpMethod.Get, """/Users?filter=userName eq "ann@<domain>" """.TrimEnd(), null, ct, token: "non-token");

        Assert.Equal((401, "application/scim+json"), (answer.Status, answer.ContentType));
        Assert.Empty(JsonShape.Missing(System.Text.Json.Nodes.JsonNode.Parse("""{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "<any>" }"""), answer.Body));
    }

    private const string Mara = """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "mara.quint@<domain>", "name": { "givenName": "Mara", "familyName": "Quint" },
          "emails": [{ "primary": true, "value": "mara.quint@<domain>", "type": "work" }], "displayName": "Mara Quint", "active": true
        }
        """;
}

public abstract class OktaGroupTests(IdpHost idp) : DialectTests(idp)
{
    internal override Vendor Vendor => Vendor.Okta;

    [Fact, Trait("Scim", "O-group-push")]
    public Task A_group_is_pushed_renamed_changed_and_taken_away() => PlayAsync(
        Someone("ann"), Someone("bob"), Someone("eve"),
        Get("""/Groups?filter=displayName eq "Developers"&startIndex=1&count=100""").Answers(200, """{ "totalResults": 0, "Resources": [] }"""),
        Post("/Groups", """
            { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Developers", "members": [{ "value": "<ann>", "display": "ann@<domain>" }, { "value": "<bob>", "display": "bob@<domain>" }] }
            """).Answers(201, """{ "id": "<any>", "displayName": "Developers" }""").Keeps("developers"),
        Patch("/Groups/<developers>", """{ "op": "replace", "value": { "id": "<developers>", "displayName": "Engineers" } }""").Answers(204),
        Patch("/Groups/<developers>", """{ "op": "remove", "path": "members[value eq \"<ann>\"]" }, { "op": "add", "path": "members", "value": [{ "value": "<eve>", "display": "eve@<domain>" }] }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "Engineers", "members": [{ "value": "<bob>" }, { "value": "<eve>" }] }"""),
        Patch("/Groups/<developers>", """{ "op": "replace", "path": "members", "value": [{ "value": "<ann>", "display": "ann@<domain>" }] }""").Answers(204),
        Get("/Groups/<developers>").Answers(200, """{ "members": [{ "value": "<ann>" }] }"""),
        Put("/Groups/<developers>", """{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "<developers>", "displayName": "Engineers", "members": [{ "value": "<ann>" }, { "value": "<bob>" }] }""").Answers(200),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "Engineers", "members": [{ "value": "<ann>" }, { "value": "<bob>" }] }"""),
        Delete("/Groups/<developers>"), Get("/Groups/<developers>").Answers(404));

    [Fact, Trait("Scim", "O-group-push")]
    public Task A_rename_that_names_another_group_is_refused() => PlayAsync(
        Someone("ann"), SomeGroup("developers", "ann"), SomeGroup("others"),
        Patch("/Groups/<developers>", """{ "op": "replace", "value": { "id": "<others>", "displayName": "Engineers" } }""").Answers(400, """{ "scimType": "mutability" }"""),
        Get("/Groups/<developers>").Answers(200, """{ "displayName": "developers", "members": [{ "value": "<ann>" }] }"""));

    [Fact, Trait("Scim", "O-group-push")]
    public Task A_group_that_was_deleted_can_be_pushed_again() => PlayAsync(
        Someone("ann"), SomeGroup("developers", "ann"), Delete("/Groups/<developers>"), SomeGroup("developers", "ann"),
        Get("""/Groups?filter=displayName eq "developers"&startIndex=1&count=100""").Finds("developers"));
}

[Collection(SqliteHost.Name)]
public sealed class OktaGateOnSqlite(SqliteIdp idp) : OktaGateTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OktaGateOnPostgreSql(PostgreSqlIdp idp) : OktaGateTests(idp);

[Collection(SqliteHost.Name)]
public sealed class OktaGroupsOnSqlite(SqliteIdp idp) : OktaGroupTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OktaGroupsOnPostgreSql(PostgreSqlIdp idp) : OktaGroupTests(idp);
