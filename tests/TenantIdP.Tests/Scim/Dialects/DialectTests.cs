using System.Diagnostics.CodeAnalysis;
using TenantIdP.Core.Directories;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>
/// What directories send, over HTTP. Each sequence runs twice in a row on one organization, whose directory takes everything away in between as an administrator does who
/// begins anew, and at the same time on another organization with the same people: neither sees the other's.
/// </summary>
public abstract class DialectTests(IdpHost idp)
{
    protected const string CoreUser = "urn:ietf:params:scim:schemas:core:2.0:User";
    protected const string CoreGroup = "urn:ietf:params:scim:schemas:core:2.0:Group";
    protected const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal abstract Vendor Vendor { get; }

    internal IdpHost Idp => idp;

    /// <summary>What the directory is set to.</summary>
    internal virtual DirectorySettings Configure(DirectorySettings usual) => usual;

    internal Task PlayAsync(params Step[] steps) => PlayAsAsync(Vendor, steps);

    internal async Task PlayAsAsync(Vendor vendor, params Step[] steps)
    {
        var (ours, theirs) = (await OpenAsync(vendor), await OpenAsync(vendor));
        await Task.WhenAll(TwiceAsync(ours, steps), TwiceAsync(theirs, steps));
    }

    internal async Task<Caller> OpenAsync(Vendor? vendor = null)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var domain = await idp.VerifyDomainAsync(organization, Ct);
        return new Caller(idp.Http, vendor ?? Vendor, await ScimAccess.OpenAsync(idp, organization.Id, Ct, Configure), domain);
    }

    internal static Step Get(string path) => new(HttpMethod.Get, path.Trim());

    internal static Step Post(string path, [StringSyntax(StringSyntaxAttribute.Json)] string body) => new(HttpMethod.Post, path, body);

    internal static Step Put(string path, [StringSyntax(StringSyntaxAttribute.Json)] string body) => new(HttpMethod.Put, path, body);

    /// <param name="operations">The operations, separated by commas.</param>
    internal static Step Patch(string path, string operations) =>
        new(HttpMethod.Patch, path, $$"""{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{{operations}}] }""");

    internal static Step Delete(string path) => new Step(HttpMethod.Delete, path).Answers(204);

    /// <summary>Somebody to start from, of whom the case is not about.</summary>
    internal static Step Someone(string name) => Post("/Users", $$"""
        { "schemas": ["{{CoreUser}}"], "userName": "{{name}}@<domain>", "name": { "givenName": "{{name}}", "familyName": "Test" }, "emails": [{ "primary": true, "type": "work", "value": "{{name}}@<domain>" }], "active": true }
        """).Answers(201).Keeps(name);

    internal static Step SomeGroup(string name, params string[] members) => Post("/Groups", $$"""
        { "schemas": ["{{CoreGroup}}"], "displayName": "{{name}}", "members": [{{string.Join(',', members.Select(Member))}}] }
        """).Answers(201).Keeps(name);

    /// <summary>A member as most send it.</summary>
    internal static string Member(string name) => $$"""{ "value": "<{{name}}>" }""";

    private static async Task TwiceAsync(Caller caller, Step[] steps)
    {
        for (var round = 0; round < 2; round++)
        {
            await caller.PlayAsync(steps, Ct);
            await caller.AssertOwnOnlyAsync(Ct);
            await caller.LeaveAsync(Ct);
        }
    }
}
