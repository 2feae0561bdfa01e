using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Webhooks;
using TenantIdP.Core.Workspaces;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Demo.Scim;

namespace TenantIdP.Demo;

/// <summary>Puts the universe into a started server through the same use cases as the management API; a second start finds it there and changes nothing but the secret that signs webhooks.</summary>
internal sealed class DemoSeeding(IServiceProvider services, DemoUniverse universe, IReadOnlyDictionary<Uri, DemoSamlIdp> samlIdps)
{
    /// <param name="samlIdps">The running SAML providers by the address of their connection.</param>
    public static Task<DemoSeed> RunAsync(IServiceProvider services, DemoUniverse universe, IReadOnlyDictionary<Uri, DemoSamlIdp> samlIdps, CancellationToken ct) =>
        new DemoSeeding(services, universe, samlIdps).RunAsync(ct);

    private async Task<DemoSeed> RunAsync(CancellationToken ct)
    {
        await ApiAsync(ct);
        await AppAsync(ct);
        Dictionary<string, string> organizations = [], connections = [];
        foreach (var wanted in universe.Organizations)
        {
            // Domains come before people, so that a first sign-in by SSO finds accounts younger than the proof and links without asking.
            var (organization, connection) = await OrganizationAsync(wanted, ct);
            organizations[wanted.Slug] = organization.ToString();
            if (connection is { } id) connections[wanted.Slug] = id.ToString();
        }

        foreach (var person in universe.People.Where(p => p.Memberships.Count > 0)) await PersonAsync(person, organizations, ct);
        foreach (var wanted in universe.Organizations) await WorkspacesAsync(Id<Organization>.Parse(organizations[wanted.Slug], null), wanted, ct);
        var (told, provisioned) = (Id<Organization>.Parse(organizations[DemoUniverse.WebhookOrganization], null), Id<Organization>.Parse(organizations[DemoUniverse.DirectoryOrganization], null));
        return new DemoSeed(organizations, connections, await WebhookAsync(told, ct), await DirectoryAsync(provisioned, ct));
    }

    /// <summary>As with the webhook's secret: a later start ends the token that it can't know and takes another.</summary>
    private async Task<ScimAccess> DirectoryAsync(Id<Organization> organization, CancellationToken ct)
    {
        var known = await ReadAsync(db => db.Directories.OrderBy(d => d.Id).Select(d => (Id<OrganizationDirectory>?)d.Id).FirstOrDefaultAsync(ct), organization);
        if (known is not { } id)
        {
            var made = await UseAsync<DirectoryService, MadeDirectory>(organization, s => s.CreateAsync(organization, DirectorySettings.Named(DemoUniverse.DirectoryName), null, Granter.Instance, ct));
            return Access(made.Directory.Id, made.Token.Secret);
        }

        var token = await ReadAsync(db => db.DirectoryTokens.Where(t => t.DirectoryId == id && t.ExpiresAt == null).OrderByDescending(t => t.Id).Select(t => (Id<DirectoryToken>?)t.Id).FirstOrDefaultAsync(ct), organization);
        var next = await UseAsync<DirectoryTokens, MadeDirectoryToken>(organization, s => token is { } old ? s.RotateAsync(organization, id, old, 0, null, ct) : s.CreateAsync(organization, id, null, ct));
        return Access(id, next.Secret);
    }

    private ScimAccess Access(Id<OrganizationDirectory> directory, string secret) => new($"{universe.Hosts.Issuer.GetLeftPart(UriPartial.Authority)}/scim/v2/{directory}", secret);

    /// <summary>A secret is shown once, so that a later start takes another one of the same endpoint.</summary>
    private async Task<string> WebhookAsync(Id<Organization> organization, CancellationToken ct)
    {
        var url = universe.Hosts.AppWebhooksUri.AbsoluteUri;
        var known = await ReadAsync(db => db.WebhookEndpoints.Where(w => w.Url == url).Select(w => (Id<WebhookEndpoint>?)w.Id).FirstOrDefaultAsync(ct), organization);
        var made = await UseAsync<WebhookService, MadeWebhook>(organization, s => known is { } id
            ? s.RotateAsync(organization, id, 0, ct)
            : s.CreateAsync(organization, new WebhookSettings(url, DemoUniverse.AppName, [WebhookFilter.All]), Granter.Instance, ct));
        return made.Secret;
    }

    private async Task ApiAsync(CancellationToken ct)
    {
        if (await ReadAsync(db => db.Apis.AnyAsync(a => a.Identifier == universe.Api.Identifier, ct))) return;
        await UseAsync<ApiService, Api>(null, apis => apis.CreateAsync(
            new NewApi(universe.Api.Identifier, universe.Api.Name) { Permissions = [.. universe.Api.Permissions.Select(p => new ApiPermission(p.Name, p.BuiltInRoles))] }, ct));
    }

    private async Task AppAsync(CancellationToken ct)
    {
        await using var scope = services.CreateAsyncScope();
        var registry = scope.ServiceProvider.GetRequiredService<IAppRegistry>();
        if (await registry.FindByClientIdAsync(DemoUniverse.AppClientId, ct) is not null) return;

        // Past the use case, because its client id and secret are constants that documents show.
        var now = scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow();
        var app = new App
        {
            Id = Id<App>.New(now),
            ClientId = DemoUniverse.AppClientId,
            DisplayName = DemoUniverse.AppName,
            Kind = AppKind.Web,
            RedirectUris = [universe.Hosts.AppRedirectUri.AbsoluteUri],
            PostLogoutRedirectUris = [universe.Hosts.AppSignedOutUri.AbsoluteUri],
            InitiateLoginUri = new Uri(universe.Hosts.App, "/signin").AbsoluteUri,
            BackchannelLogoutUri = universe.Hosts.AppLogoutUri.AbsoluteUri,
            Scopes = ["openid", "profile", "email", "offline_access"],
            DefaultApi = universe.Api.Identifier,
            GrantTypes = AppGrantTypes.Default(AppKind.Web, []),
        };
        await registry.CreateAsync(app, [AppSecret.Given(DemoUniverse.AppClientSecret, now)], ct);
    }

    private async Task<(Id<Organization> Organization, Id<Connection>? Connection)> OrganizationAsync(DemoOrganization wanted, CancellationToken ct)
    {
        var slug = Slug.TryParse(wanted.Slug, out var parsed) ? parsed : throw new InvalidOperationException($"{wanted.Slug} is no slug.");
        if (await ReadAsync(db => db.Organizations.Where(o => o.Slug == slug).Select(o => (Id<Organization>?)o.Id).SingleOrDefaultAsync(ct)) is { } known)
            return (known, await KnownConnectionAsync(known, wanted, ct));

        var organization = await UseAsync<OrganizationService, Organization>(null, s => s.CreateAsync(new NewOrganization(wanted.Name, wanted.Slug), ct));
        foreach (var host in wanted.Domains)
        {
            var domain = await UseAsync<DomainService, OrganizationDomain>(organization.Id, s => s.ClaimAsync(organization.Id, host, false, ct));
            if (!wanted.HasStillToProve) await UseAsync<DomainService, OrganizationDomain>(organization.Id, s => s.VerifyByOperatorAsync(organization.Id, domain.Id, "A domain of the demo universe", ct));
        }

        foreach (var role in wanted.Roles) await UseAsync<RoleService, Role>(organization.Id, s => s.CreateAsync(organization.Id, new NewRole(role.Key, role.Name, role.Permissions), Granter.Instance, ct));
        if (wanted.Connection is null) return (organization.Id, null);

        var made = wanted.Connection switch
        {
            DemoOidcConnection oidc => await OidcAsync(organization.Id, oidc, ct),
            DemoSamlConnection saml => await SamlAsync(organization.Id, saml, ct),
            _ => throw new InvalidOperationException($"{wanted.Slug} has a connection of no known kind."),
        };
        // No test sign-in comes first, as an administrator would make one: nobody is at a browser yet, and one of the connections could never pass.
        await UseAsync<ConnectionService, Connection>(organization.Id, s => s.ActivateAsync(organization.Id, made.Id, "Part of the demo", Granter.Instance, ct));
        if (wanted.RequireSso) await UseAsync<OrganizationService, Organization>(null, s => s.UpdateAsync(organization.Id, new OrganizationChanges { RequireSso = true }, Granter.Instance, null, ct));
        return (organization.Id, made.Id);
    }

    private Task<Connection> OidcAsync(Id<Organization> organization, DemoOidcConnection wanted, CancellationToken ct) =>
        UseAsync<ConnectionService, Connection>(organization, s => s.CreateOidcAsync(
            organization, new NewOidcConnection(wanted.Name, wanted.Url.GetLeftPart(UriPartial.Authority), wanted.ClientId, wanted.ClientSecret), Granter.Instance, ct));

    private Task<Connection> SamlAsync(Id<Organization> organization, DemoSamlConnection wanted, CancellationToken ct)
    {
        var idp = samlIdps[wanted.Url];
        var settings = new SamlConnectionChanges
        {
            EntityId = idp.EntityId,
            SsoUrl = idp.SsoUrl,
            SloUrl = idp.SloUrl,
            Certificates = new([CertificateOf(idp)]),
            SendLoginHint = true,
            RefuseExpiredCertificates = wanted.ExpiredCertificate,
            IdpInitiatedApp = DemoUniverse.AppClientId,
        };
        var roles = wanted.GroupRoles.Count == 0 ? null : new SsoRoles("groups", [.. wanted.GroupRoles.Select(rule => new SsoRoleRule(rule.Key, rule.Value))]);
        return UseAsync<SamlConnectionService, Connection>(organization, s => s.CreateAsync(
            organization, new NewSamlConnection(wanted.Name, settings) { TrustEmail = true, SsoRoles = roles }, Granter.Instance, ct));
    }

    /// <summary>What an earlier demo of another shape has left is said here, and not by a page that breaks later.</summary>
    private async Task<Id<Connection>?> KnownConnectionAsync(Id<Organization> organization, DemoOrganization wanted, CancellationToken ct)
    {
        var known = await ReadAsync(db => db.Connections.OrderBy(c => c.Id).Select(c => new { c.Id, c.Kind }).FirstOrDefaultAsync(ct), organization);
        var kind = wanted.Connection switch { null => (ConnectionKind?)null, DemoSamlConnection => ConnectionKind.Saml, _ => ConnectionKind.Oidc };
        return known?.Kind == kind ? known?.Id : throw new StartupException($"the stored {wanted.Name} does not have the connection that this demo gives it; another version has made it.");
    }

    private static CertificateFacts CertificateOf(DemoSamlIdp idp)
    {
        using var certificate = X509Certificate2.CreateFromPem(idp.CertificatePem);
        var der = certificate.RawData;
        return new(Convert.ToHexStringLower(SHA256.HashData(der)), Convert.ToBase64String(der), certificate.Subject, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
    }

    private async Task PersonAsync(DemoPerson person, Dictionary<string, string> organizations, CancellationToken ct)
    {
        var address = EmailAddress.Parse(person.Email).Normalized;
        if (await ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == address && e.VerifiedAt != null, ct))) return;
        var password = person.SignsInBy == DemoSignIn.Password || person.KeepsPassword ? DemoUniverse.Password : null;
        var user = await UseAsync<UserService, User>(null, s => s.CreateAsync(new NewUser([.. person.Emails.Select(email => new NewUserEmail(email, true))], person.Name, person.GivenName, person.FamilyName, password), ct));
        foreach (var membership in person.Memberships)
        {
            var organization = Id<Organization>.Parse(organizations[membership.Organization], null);
            await UseAsync<MemberService, Member>(organization, s => s.AddAsync(organization, user.Id, [.. membership.Roles], Granter.Instance, ct));
        }
    }

    private async Task WorkspacesAsync(Id<Organization> organization, DemoOrganization wanted, CancellationToken ct)
    {
        foreach (var one in wanted.Workspaces)
        {
            var slug = Slug.TryParse(one.Slug, out var parsed) ? parsed : throw new InvalidOperationException($"{one.Slug} is no slug.");
            if (await ReadAsync(db => db.Workspaces.AnyAsync(w => w.OrganizationId == organization && w.Slug == slug, ct), organization)) continue;
            var workspace = await UseAsync<WorkspaceService, Workspace>(organization, s => s.CreateAsync(organization, new NewWorkspace(one.Name, one.Slug), ct));
            foreach (var (email, role) in one.Members)
            {
                var address = EmailAddress.Parse(email).Normalized;
                var member = await ReadAsync(db => (
                    from e in db.UserEmails
                    join m in db.Memberships on e.UserId equals m.UserId
                    where e.Normalized == address && e.VerifiedAt != null && m.OrganizationId == organization
                    select m.Id).SingleAsync(ct), organization);
                await UseAsync<WorkspaceMembers, WorkspaceMemberView>(organization, s => s.PutAsync(organization, workspace.Id, member, [role], Granter.Instance, null, ct));
            }
        }
    }

    private async Task<T> ReadAsync<T>(Func<IdpDbContext, Task<T>> read, Id<Organization>? organization = null)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        if (organization is { } id) db.EnterOrganization(id);
        return await read(db);
    }

    private async Task<T> UseAsync<TService, T>(Id<Organization>? organization, Func<TService, Task<Result<T>>> use) where TService : notnull where T : notnull
    {
        await using var scope = services.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        var result = await use(scope.ServiceProvider.GetRequiredService<TService>());
        return result.IsOk ? result.Value : throw new InvalidOperationException($"The demo could not be seeded: {result.Error.Code}: {result.Error.Message}");
    }
}
