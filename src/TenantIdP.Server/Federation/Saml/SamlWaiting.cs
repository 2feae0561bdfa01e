using System.Text.Json;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>A response that was accepted, and the checks that it passed.</summary>
internal sealed record WaitingResponse(ValidatedResponse Response, IReadOnlyList<TraceStep> Steps);

/// <summary>Accepted responses between the identity provider's form and the request of the browser that brings our cookies.</summary>
internal sealed class SamlWaiting(ReceivedAssertions assertions)
{
    private const int LongestHandle = 64;

    /// <returns>The one-time handle, or null when the assertion was used before.</returns>
    public async Task<string?> KeepAsync(ConnectionSnapshot connection, ValidatedResponse response, IReadOnlyList<TraceStep> steps, CancellationToken ct)
    {
        var result = JsonSerializer.Serialize(new WaitingResponse(response, steps), JsonText.Options);
        return (await assertions.KeepAsync(connection.OrganizationId, connection.Id, response.AssertionId, response.ReplayUntil, result, ct)).Value;
    }

    public async Task<WaitingResponse?> TakeAsync(ConnectionSnapshot connection, string? handle, CancellationToken ct)
    {
        if (handle is not { Length: > 0 and <= LongestHandle } || await assertions.TakeAsync(connection.OrganizationId, connection.Id, handle, ct) is not { } result) return null;
        return JsonSerializer.Deserialize<WaitingResponse>(result, JsonText.Options);
    }
}
