using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <param name="GroupId">Null while the directory has not pushed the group.</param>
/// <param name="Gains">How many people would gain the role.</param>
internal sealed record GroupRoleState(string? GroupId, bool IsMapped, int Gains);

/// <summary>What Acme's administrator does about one of the groups: looks at the dry run and gives its people a role. By the management API, as any program would.</summary>
internal sealed class GroupRole(HttpClient http, Uri issuer, string organizationId, ScimAccess access)
{
    public const string GroupName = "Engineering";
    public const string RoleKey = "engineer";
    public const string RoleName = "Engineer";

    private string Directory => $"/api/v1/organizations/{organizationId}/directories/{access.BaseUrl[(access.BaseUrl.LastIndexOf('/') + 1)..]}";

    /// <returns>Null when the server does not say.</returns>
    public async Task<GroupRoleState?> LookAsync(CancellationToken ct)
    {
        var token = await TokenAsync(ct);
        if (await SendAsync(HttpMethod.Get, $"{Directory}/groups?limit=200", null, token, ct) is not { } groups) return null;
        var group = groups["data"]?.AsArray().FirstOrDefault(g => (string?)g?["displayName"] == GroupName);
        if ((string?)group?["id"] is not { } id) return new GroupRoleState(null, false, 0);
        if (group["mappings"]?.AsArray().Any(m => (string?)m?["role"] == RoleKey) == true) return new GroupRoleState(id, true, 0);
        return await SendAsync(HttpMethod.Post, $"{Directory}/group-mappings?dryRun=true", Mapping(id), token, ct) is { } impact ? new GroupRoleState(id, false, (int?)impact["gains"] ?? 0) : null;
    }

    /// <returns>Whether the group gives the role from now on.</returns>
    public async Task<bool> MapAsync(string groupId, CancellationToken ct) =>
        await SendAsync(HttpMethod.Post, $"{Directory}/group-mappings", Mapping(groupId), await TokenAsync(ct), ct) is not null;

    private static JsonObject Mapping(string groupId) => new() { ["groupId"] = groupId, ["role"] = RoleKey };

    private async Task<string> TokenAsync(CancellationToken ct)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["scope"] = DemoUniverse.ManagementScope, ["client_id"] = DemoUniverse.ManagementClientId, ["client_secret"] = DemoUniverse.ManagementClientSecret,
        });
        using var answer = await http.PostAsync(new Uri(issuer, "/connect/token"), form, ct);
        return (string)(await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>(ct))!["access_token"]!; // RFC 6749 section 5.1
    }

    private async Task<JsonObject?> SendAsync(HttpMethod method, string path, JsonObject? body, string token, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(issuer, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = JsonContent.Create(body);
        using var answer = await http.SendAsync(request, ct);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonObject>(ct) : null;
    }
}
