using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Connections;

public abstract class ConnectionServiceTests(ManagementHost host)
{
    private const string Secret = "upstream-secret-0123456789";

    private static readonly NewOidcConnection Wanted = new("Okta", "https://idp.example.test", "client", Secret);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<Connection>> CreateAsync(Id<Organization> organization, NewOidcConnection wanted) =>
        host.UseAsync<ConnectionService, Result<Connection>>(organization, c => c.CreateOidcAsync(organization, wanted, Granter.Instance, Ct));

    private Task<Result<Connection>> UpdateAsync(Connection connection, OidcConnectionChanges changes) =>
        host.UseAsync<ConnectionService, Result<Connection>>(connection.OrganizationId, c => c.UpdateOidcAsync(connection.OrganizationId, connection.Id, changes, Granter.Instance, null, Ct));

    private Task<Result<Connection>> ActivateAsync(Connection connection) =>
        host.UseAsync<ConnectionService, Result<Connection>>(connection.OrganizationId, c => c.ActivateAsync(connection.OrganizationId, connection.Id, "Made by a test", Granter.Instance, Ct));

    private Task<Result<Connection>> DisableAsync(Connection connection) =>
        host.UseAsync<ConnectionService, Result<Connection>>(connection.OrganizationId, c => c.DisableAsync(connection.OrganizationId, connection.Id, Ct));

    private async Task<Connection> ActiveAsync(Id<Organization> organization) => (await ActivateAsync((await CreateAsync(organization, Wanted)).Value!)).Value!; // valid input

    private async Task<OrganizationDomain> VerifiedDomainAsync(Id<Organization> organization)
    {
        var claimed = (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, $"{ManagementHost.Unique("d")}.example.test", false, Ct))).Value!; // valid input
        return (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.VerifyByOperatorAsync(organization, claimed.Id, "Contract", Ct))).Value!; // nobody else claims it
    }

    private async Task FileVerifiedDomainAsync(Id<Organization> organization)
    {
        var domain = await VerifiedDomainAsync(organization);
        await host.ReadAsync(organization, db => db.Domains.Where(d => d.Id == domain.Id).ExecuteUpdateAsync(set => set.SetProperty(d => d.VerifiedBy, VerificationMethod.File), Ct));
    }

    private Task<Result<Organization>> RequireSsoAsync(Id<Organization> organization, bool required) =>
        host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(organization, new OrganizationChanges { RequireSso = required }, Granter.Instance, null, Ct));

    [Theory]
    [Trait("Attack", "A12")]
    [InlineData("****")]
    [InlineData("••••••••")]
    [InlineData("ab****yz")]
    public async Task A_masked_secret_is_never_taken_for_a_secret(string masked)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Equal(ConnectionErrors.SecretMasked, (await CreateAsync(organization, Wanted with { ClientSecret = masked })).Error);
        var connection = await ActiveAsync(organization);
        Assert.Equal(ConnectionErrors.SecretMasked, (await UpdateAsync(connection, new OidcConnectionChanges { Issuer = "https://evil.example.test", ClientSecret = masked })).Error);
    }

    [Fact]
    [Trait("Attack", "A12")]
    public async Task Another_issuer_or_client_drops_the_secret_and_the_connection_is_a_draft_until_it_is_entered_again()
    {
        foreach (var changes in new OidcConnectionChanges[] { new() { Issuer = "https://evil.example.test" }, new() { ClientId = "other" }, new() { SubjectClaim = "oid" }, new() { TenantId = "t" } })
        {
            var connection = await ActiveAsync(await host.NewOrganizationAsync(Ct));
            var changed = (await UpdateAsync(connection, changes)).Value!; // valid input
            Assert.Equal(ConnectionStatus.Draft, changed.Status);
            Assert.Null(changed.ClientSecretSealed);
            Assert.Equal(ConnectionErrors.SecretRequired, (await ActivateAsync(connection)).Error);
            Assert.True((await UpdateAsync(connection, new OidcConnectionChanges { ClientSecret = "entered again" })).IsOk);
            Assert.True((await ActivateAsync(connection)).IsOk);
        }
    }

    [Fact]
    public async Task A_patch_leaves_what_it_does_not_name_and_keeps_the_secret_sealed_for_its_row()
    {
        var connection = await ActiveAsync(await host.NewOrganizationAsync(Ct));
        var changed = (await UpdateAsync(connection, new OidcConnectionChanges { DisplayName = "Entra", TrustEmail = true })).Value!; // valid input
        Assert.Equal(("Entra", true, Wanted.Issuer, ConnectionStatus.Active), (changed.DisplayName, changed.TrustEmail, changed.Issuer, changed.Status));

        var box = host.Services.GetRequiredService<SecretBox>();
        Assert.DoesNotContain(Secret, changed.ClientSecretSealed, StringComparison.Ordinal);
        Assert.Equal(Secret, box.OpenText(changed.ClientSecretSealed!, changed.SecretPlace)); // it has one
        var (organization, id) = (changed.OrganizationId, changed.Id.ToString());
        var events = await host.ReadAsync(organization, db => db.Events.Where(e => e.TargetId == id).Select(e => e.Data).ToListAsync(Ct));
        Assert.Equal(3, events.Count);
        Assert.All(events, e => Assert.False(e.Contains(Secret, StringComparison.Ordinal) || e.Contains(changed.ClientSecretSealed!, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Plain_http_and_privileged_or_unknown_default_roles_are_refused()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Equal(ConnectionErrors.IssuerInsecure, (await CreateAsync(organization, Wanted with { Issuer = "http://idp.example.test" })).Error);
        Assert.Equal(ConnectionErrors.RolePrivileged, (await CreateAsync(organization, Wanted with { DefaultRole = BuiltInRoles.Owner })).Error);
        Assert.Equal(ConnectionErrors.RolePrivileged, (await CreateAsync(organization, Wanted with { DefaultRole = BuiltInRoles.Admin })).Error);
        Assert.Equal(ConnectionErrors.RoleUnknown, (await CreateAsync(organization, Wanted with { DefaultRole = "nobody" })).Error);
        var connection = await ActiveAsync(organization);
        Assert.Equal(ConnectionErrors.RolePrivileged, (await UpdateAsync(connection, new OidcConnectionChanges { DefaultRole = BuiltInRoles.Owner })).Error);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_connection_of_another_organization_is_not_there()
    {
        var connection = await ActiveAsync(await host.NewOrganizationAsync(Ct));
        var other = await host.NewOrganizationAsync(Ct);
        Assert.Equal(ConnectionErrors.NotFound, (await host.UseAsync<ConnectionService, Result<Connection>>(other, c => c.DisableAsync(other, connection.Id, Ct))).Error);
        Assert.Equal(ConnectionErrors.NotFound, (await host.UseAsync<ConnectionService, Result>(other, c => c.DeleteAsync(other, connection.Id, Ct))).Error);
    }

    [Fact]
    public async Task Required_sso_needs_an_active_connection_and_a_verified_domain_and_holds_on_to_the_last_of_each()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Equal(OrganizationErrors.SsoNeedsConnection, (await RequireSsoAsync(organization, true)).Error);
        var connection = await ActiveAsync(organization);
        Assert.Equal(OrganizationErrors.SsoNeedsConnection, (await RequireSsoAsync(organization, true)).Error);
        var domain = await VerifiedDomainAsync(organization);
        Assert.True((await RequireSsoAsync(organization, true)).IsOk);

        Assert.Equal(ConnectionErrors.StillRequired, (await DisableAsync(connection)).Error);
        Assert.Equal(ConnectionErrors.StillRequired, (await host.UseAsync<ConnectionService, Result>(organization, c => c.DeleteAsync(organization, connection.Id, Ct))).Error);
        Assert.Equal(ConnectionErrors.StillRequired, (await UpdateAsync(connection, new OidcConnectionChanges { Issuer = "https://other.example.test" })).Error);
        Assert.Equal(DomainErrors.StillRequired, (await host.UseAsync<DomainService, Result>(organization, d => d.ReleaseAsync(organization, domain.Id, Ct))).Error);

        await FileVerifiedDomainAsync(organization); // proves too little to stand in for it
        Assert.Equal(DomainErrors.StillRequired, (await host.UseAsync<DomainService, Result>(organization, d => d.ReleaseAsync(organization, domain.Id, Ct))).Error);
        await VerifiedDomainAsync(organization);
        Assert.True((await host.UseAsync<DomainService, Result>(organization, d => d.ReleaseAsync(organization, domain.Id, Ct))).IsOk);

        var second = await ActiveAsync(organization);
        Assert.True((await DisableAsync(connection)).IsOk);
        Assert.Equal(ConnectionErrors.StillRequired, (await DisableAsync(second)).Error);
        Assert.True((await RequireSsoAsync(organization, false)).IsOk);
        Assert.True((await DisableAsync(second)).IsOk);
    }

    [Fact]
    public async Task Requiring_sso_while_the_connection_is_disabled_never_ends_with_neither()
    {
        for (var round = 0; round < 10; round++)
        {
            var organization = await host.NewOrganizationAsync(Ct);
            var connection = await ActiveAsync(organization);
            await VerifiedDomainAsync(organization);
            var (required, disabled) = (RequireSsoAsync(organization, true), DisableAsync(connection));
            await Task.WhenAll(required, disabled);
            Assert.True((await required).IsOk ^ (await disabled).IsOk);
        }
    }
}

public sealed class ConnectionServiceOnSqlite(SqliteManagement host) : ConnectionServiceTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class ConnectionServiceOnPostgreSql(PostgreSqlManagement host) : ConnectionServiceTests(host), IClassFixture<PostgreSqlManagement>;
