namespace TenantIdP.Scim;

/// <summary>What a request may cost. Everything here is refused before work is done in proportion to it.</summary>
public static class ScimLimits
{
    /// <summary>Levels of objects and arrays in JSON, and of parentheses, <c>not</c> and brackets in a filter: a stack that overflows ends the process.</summary>
    public const int MaxDepth = 32;

    /// <summary>Characters of a filter.</summary>
    public const int MaxFilterLength = 4096;

    /// <summary>Comparisons in a filter.</summary>
    public const int MaxFilterTerms = 128;

    /// <summary>Characters of a path, its value filter included.</summary>
    public const int MaxPathLength = MaxFilterLength;

    /// <summary>Characters of one value.</summary>
    public const int MaxTextLength = 32 * 1024;

    /// <summary>Values of a multi-valued attribute other than the members of a group.</summary>
    public const int MaxValues = 500;

    /// <summary>Operations of one PATCH, each key of a path-less value counted as one.</summary>
    public const int MaxPatchOperations = 2000;

    /// <summary>Comparisons that the operations of one PATCH may make with values that are there or given; a real one makes some dozens.</summary>
    public const int MaxPatchComparisons = 1_000_000;

    /// <summary>Characters of a cursor.</summary>
    public const int MaxCursorLength = 1024;

    /// <summary>Names in <c>attributes</c> or <c>excludedAttributes</c>.</summary>
    public const int MaxProjectedNames = 200;
}
