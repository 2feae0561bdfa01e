using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Connections;

/// <summary>What a metadata address that is read again may change on a connection, and what never (DESIGN.md section 6.3).</summary>
public abstract class MetadataRefreshTests(ManagementHost host)
{
    private const string EntityId = "https://idp.example.test/saml", SsoUrl = "https://idp.example.test/sso";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static CertificateFacts Certificate(char name) =>
        new(new string(name, 64), "", "CN=idp", TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(300));

    private static ImportedMetadata Metadata(params char[] certificates) => new(EntityId, [new SamlEndpoint(SsoUrl, SamlBinding.Redirect)], [.. certificates.Select(Certificate)]);

    private async Task<Connection> ActiveAsync(params char[] byHand)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var settings = new SamlConnectionChanges
        {
            Metadata = Metadata('a'), MetadataUrl = "https://idp.example.test/metadata", Certificates = new Patch<IReadOnlyList<CertificateFacts>>([.. byHand.Select(Certificate)]),
        };
        var made = (await host.UseAsync<SamlConnectionService, Result<Connection>>(organization, s => s.CreateAsync(organization, new NewSamlConnection("IdP", settings), Granter.Instance, Ct))).Value!; // valid input
        return (await host.UseAsync<ConnectionService, Result<Connection>>(organization, c => c.ActivateAsync(organization, made.Id, "Made by a test", Granter.Instance, Ct))).Value!; // has a certificate
    }

    private Task<Result<Connection>> RefreshAsync(Connection connection, ImportedMetadata metadata) =>
        host.UseAsync<SamlConnectionService, Result<Connection>>(connection.OrganizationId, s => s.RefreshAsync(connection.OrganizationId, connection.Id, metadata, Ct));

    private Task<string> PinnedAsync(Connection connection) => host.ReadAsync(
        connection.OrganizationId,
        async db => string.Concat((await db.ConnectionCertificates.Where(c => c.ConnectionId == connection.Id).OrderBy(c => c.Thumbprint).Select(c => c.Thumbprint).ToListAsync(Ct)).Select(t => t[0])));

    private Task<List<string>> EventsAsync(Connection connection, string type) =>
        host.ReadAsync(connection.OrganizationId, db => db.Events.Where(e => e.Type == type).OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(Ct));

    [Fact]
    public async Task A_certificate_that_appears_is_pinned_one_that_is_gone_is_dropped_and_the_connection_stays_active()
    {
        var connection = await ActiveAsync();
        var added = (await RefreshAsync(connection, Metadata('a', 'b'))).Value!; // nothing refuses it
        Assert.Equal((ConnectionStatus.Active, "ab"), (added.Status, await PinnedAsync(connection)));
        Assert.NotEqual(connection.Version, added.Version);
        await RefreshAsync(connection, Metadata('b'));
        Assert.Equal("b", await PinnedAsync(connection));
        Assert.Equal(3, (await EventsAsync(connection, EventTypes.ConnectionCertificatesChanged)).Count);
        Assert.True((await RefreshAsync(connection, Metadata('b'))).IsOk);
        Assert.Equal(3, (await EventsAsync(connection, EventTypes.ConnectionCertificatesChanged)).Count);
    }

    [Fact]
    public async Task One_that_was_pinned_by_hand_stays_and_the_last_is_never_dropped()
    {
        var connection = await ActiveAsync('m');
        await RefreshAsync(connection, Metadata('b'));
        Assert.Equal("bm", await PinnedAsync(connection));
        Assert.Equal(SamlErrors.MetadataInvalid, (await RefreshAsync(connection, Metadata())).Error);
        Assert.Equal("bm", await PinnedAsync(connection));
    }

    [Fact]
    [Trait("Attack", "A12")]
    public async Task Another_entity_id_or_sign_in_address_is_refused_and_said_and_changes_nothing()
    {
        var connection = await ActiveAsync();
        Assert.Equal(SamlErrors.MetadataEntityChanged, (await RefreshAsync(connection, Metadata('e') with { EntityId = "https://evil.example.test" })).Error);
        Assert.Equal(SamlErrors.MetadataEndpointChanged, (await RefreshAsync(connection, Metadata('e') with { SsoUrls = [new SamlEndpoint("https://evil.example.test/sso", SamlBinding.Redirect)] })).Error);
        Assert.Equal("a", await PinnedAsync(connection));
        // Of one millisecond, perhaps: their ids have no order then.
        Assert.Collection(
            (await EventsAsync(connection, EventTypes.ConnectionMetadataRefused)).Order(StringComparer.Ordinal),
            said => Assert.Contains("metadata_endpoint_changed", said, StringComparison.Ordinal),
            said => Assert.Contains("metadata_entity_changed", said, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Another_organizations_connection_is_not_refreshed()
    {
        var connection = await ActiveAsync();
        var other = await host.NewOrganizationAsync(Ct);
        Assert.Equal(ConnectionErrors.NotFound, (await host.UseAsync<SamlConnectionService, Result<Connection>>(other, s => s.RefreshAsync(other, connection.Id, Metadata('e'), Ct))).Error);
        Assert.Equal("a", await PinnedAsync(connection));
    }
}

public sealed class MetadataRefreshOnSqlite(SqliteManagement host) : MetadataRefreshTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class MetadataRefreshOnPostgreSql(PostgreSqlManagement host) : MetadataRefreshTests(host), IClassFixture<PostgreSqlManagement>;
