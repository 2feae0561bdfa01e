using TenantIdP.Demo.Scim;

namespace TenantIdP.Demo.Map;

/// <summary>The answer of <c>GET /demo.json</c>: what a program needs to use the demo.</summary>
public sealed record DemoFacts(
    string Issuer,
    string Api,
    string Openapi,
    DemoManagementFacts Management,
    DemoAppFacts App,
    IReadOnlyList<DemoOrganizationFacts> Organizations,
    IReadOnlyList<DemoPersonFacts> People,
    IReadOnlyDictionary<string, string> Sandboxes)
{
    public static DemoFacts From(DemoUniverse universe, DemoSeed seed)
    {
        var hosts = universe.Hosts;
        var issuer = Plain(hosts.Issuer);
        return new(
            issuer,
            $"{issuer}/api/v1",
            $"{issuer}/openapi/v1.json",
            new(DemoUniverse.ManagementClientId, DemoUniverse.ManagementClientSecret, DemoUniverse.ManagementScope),
            new(DemoUniverse.AppClientId, DemoUniverse.AppClientSecret, hosts.AppRedirectUri.AbsoluteUri, Plain(hosts.App)),
            [.. universe.Organizations.Select(organization => Of(organization, seed))],
            [.. universe.People.Select(Of)],
            new Dictionary<string, string> { ["acmeIdp"] = Plain(hosts.AcmeIdp), ["globexIdp"] = Plain(hosts.GlobexIdp), ["umbrellaIdp"] = Plain(hosts.UmbrellaIdp), ["directory"] = $"{Plain(hosts.Map)}{ScimSite.PagePath}", ["dns"] = hosts.DnsPage.AbsoluteUri, ["mail"] = $"{issuer}/dev/mail" });
    }

    private static DemoOrganizationFacts Of(DemoOrganization organization, DemoSeed seed) => new(
        seed.OrganizationIds[organization.Slug],
        organization.Slug,
        organization.Name,
        organization.Domains,
        organization.Connection is { } connection ? [new(seed.ConnectionIds[organization.Slug], connection is DemoSamlConnection ? "saml" : "oidc")] : []);

    private static DemoPersonFacts Of(DemoPerson person) => new(
        person.Email,
        person.SignsInBy == DemoSignIn.Password ? DemoUniverse.Password : null,
        [.. person.Memberships.Select(membership => membership.Organization)],
        person.SignsInBy switch { DemoSignIn.Password => "password", DemoSignIn.Oidc => "oidc", DemoSignIn.Saml => "saml" });

    // Without the trailing slash that Uri adds: an issuer is compared character by character.
    private static string Plain(Uri address) => address.GetLeftPart(UriPartial.Authority);
}

public sealed record DemoManagementFacts(string ClientId, string ClientSecret, string Scope);

public sealed record DemoAppFacts(string ClientId, string ClientSecret, string RedirectUri, string Url);

public sealed record DemoOrganizationFacts(string Id, string Slug, string Name, IReadOnlyList<string> Domains, IReadOnlyList<DemoConnectionFacts> Connections);

public sealed record DemoConnectionFacts(string Id, string Kind);

/// <summary>Organizations are slugs; no password for people who sign in at their own identity provider.</summary>
public sealed record DemoPersonFacts(string Email, string? Password, IReadOnlyList<string> Organizations, string SignsInBy);
