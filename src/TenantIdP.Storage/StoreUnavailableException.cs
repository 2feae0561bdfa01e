namespace TenantIdP.Storage;

/// <summary>The database can't be used for the moment, although nothing of it failed: an outage, not a bug.</summary>
public sealed class StoreUnavailableException(string message) : Exception(message);
