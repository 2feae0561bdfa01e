namespace TenantIdP.Core.Instance;

/// <summary>The process cannot start as it is configured. The message names the setting to change; it is printed as it is and the process exits non-zero.</summary>
public sealed class StartupException(string message, Exception? cause = null) : Exception(message, cause);
