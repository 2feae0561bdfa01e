using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Saml.Keys;
using TenantIdP.Tests.Management;
using TenantIdP.Tests.Outbound;
using Xunit;

namespace TenantIdP.Tests.Connections;

public abstract class SamlConnectionTests(ManagementHost host)
{
    private static readonly string Certificate = NewCertificate();
    private static readonly string Other = NewCertificate();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewCertificate() => Convert.ToBase64String(SamlKeyPair.Make("idp", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddDays(400)).Certificate);

    private static Dictionary<string, object?> Saml(params (string Name, object? Value)[] changes)
    {
        var saml = new Dictionary<string, object?> { ["preset"] = "okta", ["entityId"] = "https://idp.example.test/saml", ["ssoUrl"] = "https://idp.example.test/sso", ["certificates"] = new[] { Certificate } };
        foreach (var (name, value) in changes) saml[name] = value;
        return saml;
    }

    private static string Path(Id<Organization> organization, string rest = "") => $"organizations/{organization}/connections{rest}";

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, Id<Organization> organization, Dictionary<string, object?> saml, object? ssoRoles = null, string rest = "") =>
        await client.PostAsJsonAsync(Path(organization, rest), new { displayName = "Okta", kind = "saml", saml, ssoRoles }, Ct);

    private static async Task<JsonElement> CreateAsync(HttpClient client, Id<Organization> organization, params (string Name, object? Value)[] changes)
    {
        var answer = await PostAsync(client, organization, Saml(changes));
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static async Task<JsonElement> PatchAsync(HttpClient client, Id<Organization> organization, string? id, object body)
    {
        var answer = await client.PatchAsJsonAsync(Path(organization, $"/{id}"), body, Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static Task<HttpResponseMessage> ActivateAsync(HttpClient client, Id<Organization> organization, string? id, string? reason = null) =>
        client.PostAsJsonAsync(Path(organization, $"/{id}/activate"), new { untestedReason = reason }, Ct);

    private Task<Result<Connection>> TestedAsync(Id<Organization> organization, string? id) =>
        host.UseAsync<ConnectionService, Result<Connection>>(organization, c => c.RecordTestAsync(organization, Id<Connection>.Parse(id!, null), Actor.System, null, Ct)); // the API made it

    [Fact]
    public async Task Pasted_metadata_fills_in_the_identity_provider_and_says_what_is_wrong_with_it()
    {
        var (organization, owner) = await OwnedAsync();
        string Metadata(string entity, string sso) => $"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{Certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sso}"/></IDPSSODescriptor></EntityDescriptor>""";

        var made = await PostAsync(owner, organization, new() { ["metadataXml"] = Metadata("https://pasted.example.test", "https://pasted.example.test/sso") });
        var insecure = await PostAsync(owner, organization, new() { ["metadataXml"] = Metadata("https://pasted.example.test", "http://pasted.example.test/sso") });
        var twice = await PostAsync(owner, organization, new() { ["metadataXml"] = Metadata("https://a.example.test", "https://a.example.test/sso"), ["metadataUrl"] = "https://a.example.test" });
        var another = await PostAsync(owner, organization, new() { ["metadataXml"] = Metadata("https://a.example.test", "https://a.example.test/sso"), ["metadataEntityId"] = "https://b.example.test" });
        var inner = await PostAsync(owner, organization, new() { ["metadataUrl"] = "https://127.0.0.1/metadata" });
        var nameless = await PostAsync(owner, organization, new() { ["metadataUrl"] = $"https://{OutboundTargetTests.HostWithoutIdnForm}/metadata" });

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var connection = await made.Content.ReadFromJsonAsync<JsonElement>(Ct);
        var saml = connection.GetProperty("saml");
        Assert.Equal(("https://pasted.example.test", "https://pasted.example.test/sso"), (saml.GetProperty("entityId").GetString(), saml.GetProperty("ssoUrl").GetString()));
        Assert.Equal("metadata", Assert.Single(saml.GetProperty("certificates").EnumerateArray()).GetProperty("source").GetString());
        await AssertProblem.IsAsync(insecure, HttpStatusCode.BadRequest, "metadata_invalid", Ct);
        await AssertProblem.IsAsync(twice, HttpStatusCode.BadRequest, "metadata_twice", Ct);
        await AssertProblem.IsAsync(another, HttpStatusCode.BadRequest, "metadata_entity_unknown", Ct);
        await AssertProblem.IsAsync(inner, HttpStatusCode.Conflict, "metadata_unreachable", Ct);
        await AssertProblem.IsAsync(nameless, HttpStatusCode.Conflict, "metadata_unreachable", Ct);
        await AssertProblem.IsAsync(await owner.PostAsync(Path(organization, $"/{connection.GetProperty("id").GetString()}/metadata/refresh"), null, Ct), HttpStatusCode.Conflict, "metadata_url_missing", Ct);
    }

    private async Task<(Id<Organization> Organization, HttpClient Owner)> OwnedAsync()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        return (organization, await host.AsUserAsync(owner, organization, Ct));
    }

    [Fact]
    public async Task An_owner_makes_a_connection_and_reads_what_to_enter_at_the_identity_provider()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        var made = await CreateAsync(client, organization);
        var (id, saml) = (made.GetProperty("id").GetString(), made.GetProperty("saml"));
        Assert.Equal(("saml", "draft"), (made.GetProperty("kind").GetString(), made.GetProperty("status").GetString()));
        Assert.Equal("firstName", saml.GetProperty("attributes").GetProperty("givenName").GetString());
        Assert.Equal(399, Assert.Single(saml.GetProperty("certificates").EnumerateArray()).GetProperty("daysLeft").GetInt32());
        var provider = saml.GetProperty("serviceProvider");
        Assert.Equal($"{ManagementHost.Issuer}/sso/saml/{id}/metadata", provider.GetProperty("entityId").GetString());
        Assert.Equal($"{ManagementHost.Issuer}/sso/saml/{id}/acs", provider.GetProperty("acsUrl").GetString());
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", Assert.Single(provider.GetProperty("signingCertificates").EnumerateArray()).GetString(), StringComparison.Ordinal);
        var listed = await client.GetFromJsonAsync<JsonElement>(Path(organization), Ct);
        Assert.Equal(id, Assert.Single(listed.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("ssoUrl", "http://idp.example.test/sso", "url_insecure")]
    [InlineData("ssoUrl", "https://user@idp.example.test/sso", "saml_url_invalid")]
    [InlineData("ssoUrl", "javascript:alert(1)", "saml_url_invalid")]
    [InlineData("metadataUrl", "http://idp.example.test/metadata", "url_insecure")]
    [InlineData("entityId", "has space", "entity_id_invalid")]
    [InlineData("entityId", null, "entity_id_invalid")]
    [InlineData("preset", "nobody", "preset_unknown")]
    [InlineData("subject", "", "subject_invalid")]
    [InlineData("nameIdFormat", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "name_id_transient")]
    [InlineData("nameIdFormat", "email", "name_id_format_invalid")]
    [InlineData("spEntityId", "", "sp_entity_id_invalid")]
    [InlineData("surprise", "x", "unknown_field")]
    public async Task Settings_that_are_not_right_are_refused_by_code(string name, string? value, string code)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml((name, value))), HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task What_is_no_certificate_or_of_another_kind_is_refused()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(("certificates", new[] { "MIIB" }))), HttpStatusCode.BadRequest, "certificate_invalid", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync(Path(organization), new { displayName = "A", kind = "saml" }, Ct), HttpStatusCode.BadRequest, "validation_failed", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync(Path(organization), new { displayName = "A", issuer = "https://a.example", clientId = "c", saml = Saml() }, Ct), HttpStatusCode.BadRequest, "connection_kind_other", Ct);
        var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync(Path(organization, $"/{id}"), new { clientSecret = "s" }, Ct), HttpStatusCode.BadRequest, "connection_kind_other", Ct);
    }

    [Fact]
    public async Task A_connection_is_activated_after_a_test_and_only_an_operator_goes_without()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        using var operatorApp = host.AsOperator();
        var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        await AssertProblem.IsAsync(await ActivateAsync(client, organization, id), HttpStatusCode.Conflict, "connection_untested", Ct);
        await AssertProblem.IsAsync(await ActivateAsync(client, organization, id, "I am sure"), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await ActivateAsync(operatorApp, organization, id), HttpStatusCode.Conflict, "connection_untested", Ct);
        await AssertProblem.IsAsync(await ActivateAsync(operatorApp, organization, id, new string('x', 201)), HttpStatusCode.BadRequest, "untested_reason_invalid", Ct);

        Assert.True((await TestedAsync(organization, id)).IsOk);
        Assert.Equal(HttpStatusCode.OK, (await ActivateAsync(client, organization, id)).StatusCode);
        var second = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await ActivateAsync(operatorApp, organization, second, "Migrated, in use elsewhere")).StatusCode);
        var said = await host.ReadAsync(organization, db => db.Events.Where(e => e.Type == EventTypes.ConnectionActivated && e.TargetId == second).Select(e => e.Data).SingleAsync(Ct));
        Assert.Contains("Migrated, in use elsewhere", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_without_a_certificate_is_not_activated()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        var id = (await CreateAsync(client, organization, ("certificates", null))).GetProperty("id").GetString();
        await AssertProblem.IsAsync(await ActivateAsync(client, organization, id, "Try"), HttpStatusCode.Conflict, "certificate_required", Ct);
    }

    [Fact]
    [Trait("Attack", "A12")]
    public async Task Whatever_decides_who_is_believed_makes_an_active_connection_an_untested_draft()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        foreach (var (name, value) in new (string, object?)[]
        {
            ("entityId", "https://evil.example.test"), ("ssoUrl", "https://evil.example.test/sso"), ("subject", "email"), ("certificates", new[] { Certificate, Other }), ("certificates", Array.Empty<string>()),
            ("spEntityId", "urn:sp"), ("entityIdAliases", new[] { "urn:old" }), ("acsAliases", new[] { $"{ManagementHost.Issuer}/old/{ManagementHost.Unique("acs")}" }),
            ("metadataUrl", "https://evil.example.test/metadata"), ("attributes", new { email = "mail" }),
        })
        {
            var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
            await TestedAsync(organization, id);
            Assert.Equal(HttpStatusCode.OK, (await ActivateAsync(client, organization, id)).StatusCode);
            var changed = await PatchAsync(client, organization, id, new { saml = new Dictionary<string, object?> { [name] = value } });
            Assert.True(changed.GetProperty("status").GetString() == "draft" && changed.GetProperty("testedAt").ValueKind == JsonValueKind.Null, name);
        }
    }

    [Fact]
    public async Task Other_settings_leave_an_active_connection_active_and_a_patch_leaves_what_it_does_not_name()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        await TestedAsync(organization, id);
        await ActivateAsync(client, organization, id);
        var changed = await PatchAsync(client, organization, id, new { displayName = "Renamed", saml = new { sloUrl = "https://idp.example.test/slo", signRequests = true, attributes = new { givenName = (string?)null } } });
        Assert.Equal(("active", "Renamed"), (changed.GetProperty("status").GetString(), changed.GetProperty("displayName").GetString()));
        var attributes = changed.GetProperty("saml").GetProperty("attributes");
        Assert.Equal(("email", null), (attributes.GetProperty("email").GetString(), attributes.GetProperty("givenName").GetString()));
        var version = changed.GetProperty("version").GetInt32();
        using var stale = new HttpRequestMessage(HttpMethod.Patch, Path(organization, $"/{id}")) { Content = JsonContent.Create(new { displayName = "Late" }), Headers = { { "If-Match", $"\"{version - 1}\"" } } };
        await AssertProblem.IsAsync(await client.SendAsync(stale, Ct), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Only_an_operator_sets_aliases_and_one_address_has_one_connection()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        using var operatorApp = host.AsOperator();
        var url = $"{ManagementHost.Issuer}/old/{ManagementHost.Unique("acs")}";
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(("acsAliases", new[] { url }))), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(("entityIdAliases", new[] { "urn:old" }))), HttpStatusCode.Forbidden, "operator_required", Ct);
        var made = await CreateAsync(operatorApp, organization, ("acsAliases", new[] { url }));
        Assert.Equal(url, Assert.Single(made.GetProperty("saml").GetProperty("acsAliases").EnumerateArray()).GetString());
        var other = await host.NewOrganizationAsync(Ct);
        await AssertProblem.IsAsync(await PostAsync(operatorApp, other, Saml(("acsAliases", new[] { url }))), HttpStatusCode.Conflict, "acs_alias_taken", Ct);
        await AssertProblem.IsAsync(await PostAsync(operatorApp, other, Saml(("acsAliases", new[] { "https://elsewhere.example/acs" }))), HttpStatusCode.BadRequest, "acs_alias_invalid", Ct);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task An_identity_provider_gives_no_role_that_the_one_who_connects_it_could_not_give()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        static object Rules(string role) => new { attribute = "groups", rules = new[] { new { value = "g", role } } };
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(), Rules(BuiltInRoles.Owner)), HttpStatusCode.BadRequest, "sso_role_owner", Ct);
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(), Rules("nobody")), HttpStatusCode.BadRequest, "sso_role_unknown", Ct);
        await AssertProblem.IsAsync(await PostAsync(client, organization, Saml(), new { attribute = "groups" }), HttpStatusCode.BadRequest, "sso_roles_invalid", Ct);
        var answer = await PostAsync(client, organization, Saml(), Rules(BuiltInRoles.Admin));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString();

        var (role, holder) = (ManagementHost.Unique("connector"), await host.NewUserAsync(Ct));
        await host.UseAsync<RoleService, Result<Role>>(organization, r => r.CreateAsync(organization, new NewRole(role, "Connector", [Permission.ConnectionsRead, Permission.ConnectionsWrite]), Granter.Instance, Ct));
        await host.NewMemberAsync(organization, role, Ct, holder);
        using var connector = await host.AsUserAsync(holder, organization, Ct);
        await AssertProblem.IsAsync(await PostAsync(connector, organization, Saml(), Rules(BuiltInRoles.Admin)), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await AssertProblem.IsAsync(await connector.PatchAsJsonAsync(Path(organization, $"/{id}"), new { ssoRoles = (object?)null }, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
    }

    [Fact]
    public async Task A_role_that_a_rule_gives_is_not_deleted()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, r => r.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "R", []), Granter.Instance, Ct))).Value!; // valid input
        await PostAsync(client, organization, Saml(), new { attribute = "groups", rules = new[] { new { value = "g", role = role.Key } } });
        Assert.Equal(RoleErrors.DefaultOfConnection, (await host.UseAsync<RoleService, Result>(organization, r => r.DeleteAsync(organization, role.Id, Granter.Instance, Ct))).Error);
    }

    [Fact]
    public async Task An_organization_requires_sso_only_within_a_day_of_a_test()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        using var operatorApp = host.AsOperator();
        var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        await ActivateAsync(operatorApp, organization, id, "For now");
        var domain = await (await operatorApp.PostAsJsonAsync($"organizations/{organization}/domains", new { host = $"{ManagementHost.Unique("d")}.example.test" }, Ct)).Content.ReadFromJsonAsync<JsonElement>(Ct);
        await operatorApp.PostAsJsonAsync($"organizations/{organization}/domains/{domain.GetProperty("id").GetString()}/verify-by-operator", new { reason = "Contract" }, Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", new { requireSso = true }, Ct), HttpStatusCode.Conflict, "sso_untested", Ct);
        await TestedAsync(organization, id);
        var required = await client.PatchAsJsonAsync($"organizations/{organization}", new { requireSso = true }, Ct);
        Assert.True(required.StatusCode == HttpStatusCode.OK, await required.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task A_connection_gets_keys_of_its_own_and_a_second_rotation_waits_for_the_first()
    {
        var (organization, owner) = await OwnedAsync();
        using var client = owner;
        var id = (await CreateAsync(client, organization)).GetProperty("id").GetString();
        var rotated = await client.PostAsync(Path(organization, $"/{id}/keys/rotate"), null, Ct);
        Assert.True(rotated.StatusCode == HttpStatusCode.OK, await rotated.Content.ReadAsStringAsync(Ct));
        Assert.Equal(2, (await rotated.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("data").GetArrayLength());
        await AssertProblem.IsAsync(await client.PostAsync(Path(organization, $"/{id}/keys/rotate"), null, Ct), HttpStatusCode.Conflict, "key_rotation_pending", Ct);
        var found = await client.GetFromJsonAsync<JsonElement>(Path(organization, $"/{id}"), Ct);
        Assert.Equal(2, found.GetProperty("saml").GetProperty("serviceProvider").GetProperty("signingCertificates").GetArrayLength());
        await AssertProblem.IsAsync(await client.GetAsync(new Uri("saml/keys", UriKind.Relative), Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
        using var operatorApp = host.AsOperator();
        var shared = await operatorApp.GetFromJsonAsync<JsonElement>("saml/keys", Ct);
        Assert.DoesNotContain("sealed", shared.GetRawText(), StringComparison.OrdinalIgnoreCase);
    }
}

public sealed class SamlConnectionsOnSqlite(SqliteManagement host) : SamlConnectionTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class SamlConnectionsOnPostgreSql(PostgreSqlManagement host) : SamlConnectionTests(host), IClassFixture<PostgreSqlManagement>;
