using TenantIdP.Core.Apps;

namespace TenantIdP.Core.Tokens;

/// <summary>A device that waits for a person's word (RFC 8628).</summary>
/// <param name="Id">Names it among our own parts, never to people.</param>
/// <param name="Address">Where the device asked from: whoever was sent a stranger's code should see it.</param>
public sealed record DeviceRequest(Guid Id, App App, IReadOnlyList<string> Scopes, string? Address, DateTimeOffset RequestedAt);

/// <summary>What a code leads to.</summary>
/// <param name="Url">Of <see cref="InteractionPaths.ConfirmDevice"/>, sealed.</param>
public sealed record FoundDevice(Guid Id, string Url);

/// <summary>The devices that wait. Implemented by the engine.</summary>
public interface IDeviceRequests
{
    /// <summary>Null for a code that is unknown, expired or used.</summary>
    Task<FoundDevice?> FindAsync(string userCode, CancellationToken ct);

    /// <summary>The request behind such a URL, as long as it waits.</summary>
    Task<(DeviceRequest Device, AuthorizationRequest Request)?> OpenAsync(string url, CancellationToken ct);

    /// <summary>The device gets tokens of a grant like any other.</summary>
    /// <returns>False when it no longer waits.</returns>
    Task<bool> ApproveAsync(DeviceRequest device, AuthorizeDecision.Issue issue, CancellationToken ct);

    /// <returns>False when it no longer waits.</returns>
    Task<bool> DenyAsync(DeviceRequest device, CancellationToken ct);
}
